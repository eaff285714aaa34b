import { createPrivateKey, createSign, type KeyObject } from 'node:crypto';
import { Secret } from '../../../src/base/secret.ts';
import { connect, type OpenConnection } from '../../../src/forges/connect.ts';
import type { Forge as ForgeClient } from '../../../src/forges/forge.ts';
import { providers } from '../../../src/forges/index.ts';
import type { App, Installation } from './credentials.ts';
import { startForge, type Forge, type ForgeOptions } from './forge.ts';
import type { Permissions } from './permission-set.ts';
import type { Repository } from './repository.ts';

/** A forge to speak to: the organization acme, and the App acme-promoter on all of its repositories. */
export interface Stage {
  readonly forge: Forge;
  readonly clock: StageClock;
  readonly app: App;
  readonly appKey: KeyObject;
  readonly installation: Installation;
  /** A request with a token or JWT, or with none. */
  readonly ask: (line: string, asked?: Asked) => Promise<Said>;
  readonly graphql: (query: string, variables: unknown, as: string) => Promise<Said>;
  /** The App's JWT, as a well-behaved client makes it unless `claims` say otherwise. */
  readonly jwt: (claims?: Readonly<Record<string, unknown>>) => string;
  /** An installation token for everything that the App may do. */
  readonly mint: (narrowed?: unknown) => Promise<string>;
  /** A new repository of acme with one file, `app.yaml`. */
  readonly repository: (files?: Readonly<Record<string, string>>) => Promise<Place>;
  /** Our own client, as the controller opens it. */
  readonly client: (place: Place, token: string) => ForgeClient;
  /** Ends it, and rejects when the forge gave an answer that GitHub could not have given. */
  readonly stop: () => Promise<void>;
}

export interface Place {
  /** `acme/fleet-1`. */
  readonly name: string;
  readonly repository: Repository;
  /** `/repos/acme/fleet-1`. */
  readonly path: string;
}

export interface Asked {
  readonly as?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Said {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined when the body is no JSON. */
  readonly json: unknown;
  readonly body: string;
  /** What stands at `head.sha` or `tree.0.path`, as text. */
  readonly text: (path: string) => string;
}

export interface StageClock {
  readonly now: () => Date;
  readonly pass: (seconds: number) => void;
}

/** What a promotion needs. */
const promoting: Permissions = { contents: 'write', pull_requests: 'write' };

export async function stage(options: Partial<Omit<ForgeOptions, 'clock'>> = {}): Promise<Stage> {
  // From now, since our own client makes its JWTs by the system's clock.
  const clock = movable(new Date(Math.floor(Date.now() / 1000) * 1000));
  const forge = await startForge({ ...options, clock });
  forge.createOrganization('acme');
  const { app, privateKey } = forge.createApp({
    slug: 'acme-promoter',
    owner: 'acme',
    permissions: promoting,
  });
  const installation = forge.install(app, 'acme', undefined);
  const appKey = createPrivateKey(privateKey);
  const jwt: Stage['jwt'] = (claims) => signedJwt(appKey, { ...ordinary(clock, app.id), ...claims });
  const ask: Stage['ask'] = (line, asked) => send(forge.urls.api, line, asked);
  const connections: OpenConnection[] = [];
  let count = 0;
  return {
    forge,
    clock,
    app,
    appKey,
    installation,
    ask,
    graphql: (query, variables, as) => ask('POST /graphql', { as, body: { query, variables } }),
    jwt,
    mint: async (narrowed) => {
      const line = `POST /app/installations/${installation.id}/access_tokens`;
      const said = await ask(line, { as: jwt(), ...(narrowed === undefined ? {} : { body: narrowed }) });
      if (said.status !== 201) throw new Error(`no token: ${said.status} ${said.body}`);
      return said.text('token');
    },
    repository: async (files = { 'app.yaml': 'version: 1\n' }) => {
      const name = `acme/fleet-${(count += 1)}`;
      return { name, repository: await forge.createRepository(name, files), path: `/repos/${name}` };
    },
    client: ({ name }, token) => {
      const endpoint = {
        host: 'github.com',
        provider: 'github' as const,
        apiUrl: forge.urls.api,
        allowPrivateNetwork: true,
      };
      const connection = connect(endpoint, { clock });
      connections.push(connection);
      const [owner = '', short = ''] = name.split('/');
      return providers.github.open(
        connection,
        { owner, name: short },
        { value: new Secret(token), mintedAt: clock.now() },
      );
    },
    stop: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      await forge.stop();
      if (forge.violations.length > 0) throw new Error(`GitHub could not: ${forge.violations.join('\n')}`);
    },
  };
}

function movable(start: Date): StageClock {
  let nowMs = start.getTime();
  return { now: () => new Date(nowMs), pass: (seconds) => void (nowMs += seconds * 1000) };
}

function ordinary(clock: StageClock, issuer: number): Record<string, unknown> {
  const now = Math.floor(clock.now().getTime() / 1000);
  return { iss: issuer, iat: now - 30, exp: now + 570 };
}

/** A JWT by RS256 with these claims, whatever they are. */
export function signedJwt(key: KeyObject, claims: unknown, header: unknown = { alg: 'RS256' }): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

async function send(root: string, line: string, { as, body, headers }: Asked = {}): Promise<Said> {
  const [method = '', path = ''] = line.split(' ');
  const response = await fetch(path.startsWith('http') ? path : `${root}${path}`, {
    method,
    redirect: 'manual',
    headers: { ...(as === undefined ? {} : { authorization: `Bearer ${as}` }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = parse(text);
  return {
    status: response.status,
    headers: response.headers,
    json,
    body: text,
    text: (at) => {
      const found = at.split('.').reduce<unknown>((inner, key) => Object(inner)[key], json);
      if (typeof found === 'string' || typeof found === 'number') return `${found}`;
      throw new Error(`there is no text at ${at} in ${response.status} ${text.slice(0, 500)}`);
    },
  };
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
