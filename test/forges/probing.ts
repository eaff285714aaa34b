import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Secret } from '../../src/base/secret.ts';
import { connect } from '../../src/forges/connect.ts';
import type { Connection } from '../../src/forges/connection.ts';
import type { Call } from '../../src/forges/forge.ts';
import type { TokenFacts } from '../../src/forges/identity.ts';
import { startScripted, type Asked, type Said } from './scripted.ts';

/** The moment of every recording. */
export const recordedAt = new Date('2026-11-25T10:00:00Z');

const recording = z.strictObject({
  /** Where its shape is from. */
  source: z.string().min(20),
  /** By path and query. */
  answers: z.record(
    z.string(),
    z.strictObject({
      status: z.int(),
      headers: z.record(z.string(), z.string()).default({}),
      body: z.unknown(),
    }),
  ),
});

/** What a forge answered, by path and query. */
export type Recorded = Readonly<Record<string, Said>>;

/** @param path below this folder: `gitlab/recorded/personal.json` */
export function recorded(path: string): Recorded {
  return recording.parse(JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))).answers;
}

type DescribeToken = (connection: Connection, token: Secret, call: Call) => Promise<TokenFacts>;

export interface Probe {
  /** Asks about the token. */
  readonly describe: () => Promise<TokenFacts>;
  readonly connection: Connection;
  readonly asked: readonly Asked[];
  /** Answers differently from now on. */
  answer: (answers: Recorded) => void;
  pass: (ms: number) => void;
}

/** Runs `test` with a token at a forge that answers as recorded, and 404 for the rest; takes everything down. */
export async function withProbe(
  {
    provider,
    apiPath,
    token,
    answers,
    describeToken,
    deadlineMs,
  }: {
    readonly provider: 'gitlab' | 'gitea';
    readonly apiPath: string;
    readonly token: string;
    readonly answers: Recorded | 'lost' | 'never';
    readonly describeToken: DescribeToken;
    readonly deadlineMs?: number;
  },
  test: (probe: Probe) => Promise<void>,
): Promise<void> {
  let current = answers;
  let now = recordedAt;
  const server = await startScripted(({ url }) => {
    if (typeof current === 'string') return current;
    return current[url] ?? { status: 404, body: { message: '404 Not Found' } };
  });
  const connection = connect(
    { host: 'git.acme.example', provider, apiUrl: `${server.url}${apiPath}`, allowPrivateNetwork: true },
    { clock: { now: () => now }, ...(deadlineMs === undefined ? {} : { deadlineMs }) },
  );
  try {
    await test({
      describe: () => describeToken(connection, new Secret(token), { signal: new AbortController().signal }),
      connection,
      asked: server.asked,
      answer: (next) => void (current = next),
      pass: (ms) => void (now = new Date(now.getTime() + ms)),
    });
  } finally {
    await connection.close();
    await server.close();
  }
}
