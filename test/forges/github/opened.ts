import { Secret } from '../../../src/base/secret.ts';
import { connect, type OpenConnection } from '../../../src/forges/connect.ts';
import type { Call, Forge } from '../../../src/forges/forge.ts';
import type { ForgeIdentity } from '../../../src/forges/identity.ts';
import { providers } from '../../../src/forges/index.ts';
import { startScripted, type Answer, type Asked, type Scripted } from '../scripted.ts';

/** In the form of today's installation tokens. */
export const token = `ghs_1400101_eyJhbGciOiJFUzI1NiJ9.${'aB3-_x9Z'.repeat(55)}.${'qW8_'.repeat(10)}`;

export interface Opened {
  readonly forge: Forge;
  readonly identity: ForgeIdentity;
  readonly connection: OpenConnection;
  readonly server: Scripted;
  readonly asked: readonly Asked[];
}

/** Runs a test against acme/fleet on a forge that answers as told, and takes everything down. */
export async function withForge(
  answer: (asked: Asked, count: number) => Answer | Promise<Answer>,
  test: (opened: Opened) => Promise<void>,
  options: { readonly mintedAt?: Date; readonly deadlineMs?: number; readonly now?: () => Date } = {},
): Promise<void> {
  const server = await startScripted(answer);
  const { mintedAt, deadlineMs, now } = options;
  const connection = connect(
    { host: 'github.com', provider: 'github', apiUrl: server.url, allowPrivateNetwork: true },
    { ...(deadlineMs === undefined ? {} : { deadlineMs }), ...(now === undefined ? {} : { clock: { now } }) },
  );
  const forge = providers.github.open(
    connection,
    { owner: 'acme', name: 'fleet' },
    { value: new Secret(token), ...(mintedAt === undefined ? {} : { mintedAt }) },
  );
  try {
    await test({
      forge,
      identity: providers.github.identity(connection),
      connection,
      server,
      asked: server.asked,
    });
  } finally {
    await server.close();
    await connection.close();
  }
}

export function call(): Call {
  return { signal: new AbortController().signal };
}

/** What was thrown, as a plain value. */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (thrown) {
    const { name, code, message, status, requestId, retryAt } = thrown as Failure; // only read, and compared
    return { name, code, message, status, requestId, retryAt };
  }
  throw new Error('it did not fail');
}

export interface Failure {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly retryAt: Date | undefined;
}

/** An object id made of one digit. */
export function id(digit: string): string {
  return digit.repeat(40);
}
