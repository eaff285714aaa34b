import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Secret } from '../../../src/base/secret.ts';
import type { AppKey } from '../../../src/forges/identity.ts';
import { createLog, errorFields } from '../../../src/telemetry/log.ts';
import { SecretPieces } from '../../e2e/secret-pieces.ts';
import type { Asked, Said } from '../scripted.ts';
import { call, id, token, withForge, type Opened } from './opened.ts';

/** What GitHub's libraries were seen to show of a token, and that we show nothing of it: the table "Errors and leaks". */

const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const appKey: AppKey = { appId: '1400101', privateKey: new Secret(privateKey) };
const minted = `ghs_1400101_eyJhbGciOiJFUzI1NiJ9.${randomBytes(300).toString('base64url')}.${randomBytes(64).toString('base64url')}`;

const subject = { repository: { owner: 'acme', name: 'fleet' } };

/** Every way in which an error of ours is printed. */
function printed(thrown: unknown): string {
  const lines: string[] = [];
  createLog('debug', { write: (line) => void lines.push(line) }).error(
    { err: thrown, why: thrown },
    'failed',
  );
  const members =
    typeof thrown === 'object' && thrown !== null
      ? Reflect.ownKeys(thrown).map((key) => inspect(Reflect.get(thrown, key), everything))
      : [];
  return [
    inspect(thrown, everything),
    String(thrown),
    JSON.stringify(thrown),
    JSON.stringify(errorFields(thrown)),
    ...members,
    ...lines,
  ].join('\n');
}

const everything = { depth: Infinity, showHidden: true, getters: true, maxStringLength: Infinity } as const;

const calls: Readonly<Record<string, (opened: Opened) => Promise<unknown>>> = {
  'a read by REST': ({ forge }) => forge.pullRequest(7, call()),
  'a read by GraphQL': ({ forge }) => forge.look({ baseBranch: 'main', headBranch: 'p', paths: [] }, call()),
  'a write with a body': ({ forge }) =>
    forge.openPullRequest(
      { headBranch: 'p', baseBranch: 'main', title: 'T', body: token, draft: false },
      call(),
    ),
  'a move of a branch': ({ forge }) => forge.moveBranch({ branch: 'p', to: id('a') }, call()),
  'a minting': ({ identity }) =>
    identity.mintToken(
      { key: appKey, installation: '1', repositories: [{ name: 'fleet' }], permissions: ['contents:read'] },
      call(),
    ),
  'a probe of a token': ({ identity }) => identity.describeToken(new Secret(token), subject, call()),
};

/** What is printed of a call that fails, with every secret of it and what stood behind `Bearer`. */
async function leaks(
  name: string,
  answer: (asked: Asked) => Said | 'lost',
): Promise<{ readonly found: readonly unknown[]; readonly text: string }> {
  const bearers = new Set<string>();
  let thrown: unknown;
  await withForge(
    (asked) => {
      bearers.add(asked.headers.authorization?.replace('Bearer ', '') ?? '');
      return answer(asked);
    },
    async (opened) => {
      thrown = await calls[name]?.(opened).then(
        () => undefined,
        (reason: unknown) => reason,
      );
    },
  );
  const secrets = [...bearers, minted, privateKey].map(
    (value, index) => [`secret ${index}`, withoutPublicPart(value)] as const,
  );
  const text = printed(thrown);
  return { found: new SecretPieces(secrets).findIn('what is printed', text), text };
}

/** Without what says whose it is, and what is in every key. */
function withoutPublicPart(secret: string): string {
  return secret.replace(/^(ghs_\d+_)?eyJ[\w-]+\./, '').replace(/^-----BEGIN PRIVATE KEY-----\nMII.{49}/, '');
}

function bearerOf({ headers }: Asked): string {
  return headers.authorization?.replace('Bearer ', '') ?? '';
}

const rows: Readonly<Record<string, (asked: Asked) => Said | 'lost'>> = {
  'RequestError: authorization header': () => ({ status: 400, body: { message: 'Bad Request' } }),
  'the token in the JSON body of the request': (asked) => ({
    status: 422,
    body: {
      message: `Validation failed for ${asked.body}`,
      errors: [{ message: asked.body, field: asked.body }],
    },
  }),
  'the token in the JSON body of the answer': (asked) => ({
    status: 403,
    body: { message: 'no', token: bearerOf(asked), documentation_url: bearerOf(asked) },
  }),
  'the token in a URL as access_token=': (asked) => ({
    status: 403,
    body: { message: `see https://api.github.com/x?access_token=${bearerOf(asked)}&y=1` },
  }),
  'the token in the address of a redirect': (asked) => ({
    status: 302,
    headers: { location: `https://elsewhere.example/?access_token=${bearerOf(asked)}` },
  }),
  'the token in another header': (asked) => ({
    status: 403,
    headers: Object.fromEntries(
      [
        'x-github-request-id',
        'x-accepted-github-permissions',
        'x-github-sso',
        'retry-after',
        'x-whatever',
      ].map((name) => [name, bearerOf(asked)]),
    ),
    body: { message: 'Resource not accessible' },
  }),
  'GraphqlResponseError with an explicit header': (asked) => ({
    body: {
      data: { viewer: bearerOf(asked) },
      errors: [{ message: `who is ${bearerOf(asked)}`, type: 'FORBIDDEN', path: [bearerOf(asked)] }],
    },
  }),
  'the answer to a minting that is not whole': () => ({
    status: 201,
    body: { token: minted, expires_at: 'soon' },
  }),
  'an answer that is no JSON': (asked) => ({ body: `<html>${bearerOf(asked)} ${minted}</html>` }),
  'an answer that is no JSON and a refusal': (asked) => ({
    status: 502,
    body: `<html>${bearerOf(asked)}</html>`,
  }),
  'no answer': () => 'lost',
};

describe.each(Object.keys(rows))('%s', (row) => {
  test.each(Object.keys(calls))('shows nothing after %s', async (name) => {
    const { found, text } = await leaks(name, rows[row] ?? (() => 'lost'));
    expect(text).toContain('ForgeError');
    expect(found).toEqual([]);
  });
});

test('a minted token that is wider than it was asked for is not shown, and ended', async () => {
  const { found, text } = await leaks('a minting', ({ method }) =>
    method === 'DELETE'
      ? { status: 204 }
      : {
          status: 201,
          body: {
            token: minted,
            expires_at: '2036-01-01T00:00:00Z',
            permissions: { contents: 'write' },
            repository_selection: 'all',
          },
        },
  );
  expect(text).toContain('ForgeError');
  expect(found).toEqual([]);
});

test("a key that does not sign is not shown by the signer's words", async () => {
  const broken = privateKey.replaceAll('\n', ' ').slice(0, 900);
  const key = { ...appKey, privateKey: new Secret(broken) };
  await withForge(
    () => 'lost',
    async ({ identity, asked }) => {
      const thrown = await identity.describeApp(key, call()).catch((reason: unknown) => reason);
      expect(asked).toEqual([]);
      expect(printed(thrown)).toContain('does not sign');
      expect(new SecretPieces([['key', broken]]).findIn('it', printed(thrown))).toEqual([]);
    },
  );
});

test('numbers above 2^53 stay numbers, which JSON can write', async () => {
  await withForge(
    () => ({
      headers: { 'content-type': 'application/json' },
      body: '{"id": 92233720368547758070, "login": "x", "type": "User"}',
    }),
    async ({ identity }) => {
      const thrown = await identity
        .describeToken(new Secret(token), subject, call())
        .catch((reason: unknown) => reason);
      expect(printed(thrown)).toContain('ForgeError');
    },
  );
});

test('nothing is printed by the libraries themselves', async () => {
  const written: string[] = [];
  const streams = [process.stdout, process.stderr].map((stream) => ({
    stream,
    write: stream.write.bind(stream),
  }));
  const names = ['debug', 'info', 'log', 'warn', 'error', 'trace'] as const;
  const before = names.map((name) => [name, console[name]] as const);
  for (const { stream } of streams) stream.write = (chunk) => written.push(String(chunk)) > 0;
  for (const name of names) console[name] = (...values: unknown[]) => void written.push(inspect(values));
  try {
    for (const name of Object.keys(calls)) {
      await leaks(name, () => ({
        status: 401,
        headers: { date: new Date(Date.now() + 600_000).toUTCString(), deprecation: 'true', sunset: 'now' },
        body: { message: 'Bad credentials' },
      }));
    }
  } finally {
    for (const { stream, write } of streams) stream.write = write;
    for (const [name, print] of before) console[name] = print;
  }
  expect(written).toEqual([]);
});

describe('whatever an answer repeats of a token', () => {
  const forms: readonly ((secret: string) => string)[] = [
    (secret) => secret,
    (secret) => Buffer.from(secret).toString('base64'),
    (secret) => Buffer.from(`x${secret}`).toString('base64url'),
    (secret) => Buffer.from(secret).toString('hex'),
    (secret) => encodeURIComponent(secret),
    (secret) => JSON.stringify(JSON.stringify(secret)),
  ];
  const echo = fc.record({
    form: fc.constantFrom(...forms),
    from: fc.nat(400),
    length: fc.integer({ min: 12, max: 600 }),
    before: fc.constantFrom('', 'who is ', '"', '://x:', '\n', 'Bearer '),
    after: fc.constantFrom(
      '',
      '?',
      '@github.com',
      ' is not accessible by integration',
      ': rate limit',
      ' SAML',
    ),
  });
  const place = fc.constantFrom('message', 'errors', 'field', 'header', 'graphql', 'text');
  const status = fc.constantFrom(200, 201, 302, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503);

  test('no piece of it reaches the message or a field of an error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(calls)),
        status,
        place,
        fc.array(echo, { minLength: 1, maxLength: 3 }),
        async (name, code, where, echoes) => {
          const { found } = await leaks(name, (asked) => {
            const secret = bearerOf(asked);
            const words = echoes
              .map(({ form, from, length, before, after }) => {
                const bytes = form(secret.slice(from % secret.length).slice(0, length));
                return `${before}${bytes}${after}`;
              })
              .join(' ');
            return saying(code, where, words);
          });
          expect(found).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);
});

function saying(status: number, where: string, words: string): Said {
  const line = words.replaceAll(/[^\x20-\x7e]/g, ' ');
  switch (where) {
    case 'errors':
      return { status, body: { message: 'no', errors: [words, { message: words }] } };
    case 'field':
      return { status, body: { message: 'no', errors: [{ field: words, code: words }] } };
    case 'header':
      return {
        status,
        headers: { 'x-github-request-id': line, 'x-accepted-github-permissions': line },
        body: { message: 'no' },
      };
    case 'graphql':
      return { status, body: { data: null, errors: [{ message: words, type: words }] } };
    case 'text':
      return { status, body: words };
    default:
      return { status, body: { message: words, [words.slice(0, 20)]: words } };
  }
}
