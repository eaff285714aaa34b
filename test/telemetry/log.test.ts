import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CodedError } from '../../src/base/error.ts';
import { redactOurs } from '../../src/base/redaction.ts';
import { Secret } from '../../src/base/secret.ts';
import { clean } from '../../src/base/secret-shapes.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { SecretPieces } from '../e2e/secret-pieces.ts';

const jwt = `eyJ${'a'.repeat(40)}.${'b'.repeat(200)}.${'c'.repeat(86)}`;
const planted = {
  installationToken: `ghs_12345_${jwt}`,
  oldInstallationToken: `ghs_${'x'.repeat(36)}`,
  classicToken: `ghp_${'y'.repeat(36)}`,
  fineGrainedToken: `github_pat_${'z'.repeat(82)}`,
  gitlabToken: `glpat-${'q'.repeat(20)}`,
  jwt,
  pem: '-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefgh\n-----END RSA PRIVATE KEY-----',
};

function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = [];
  write(createLog('debug', { write: (line) => void lines.push(line) }));
  return lines.join('');
}

test('a line is JSON with a level, a time, a constant message and fields', () => {
  const line = JSON.parse(logged((log) => log.info({ pipeline: 'apps/podinfo' }, 'proposed')));
  expect(line).toEqual({
    level: 'info',
    time: expect.any(String),
    pipeline: 'apps/podinfo',
    msg: 'proposed',
  });
});

test('of an error only its own words and codes are logged', () => {
  const cause = Object.assign(new Error('body: hunter2'), {
    code: 'ECONNRESET',
    request: { headers: { authorization: 'x' } },
  });
  const error = Object.assign(new CodedError('Unavailable', 'no answer', { cause }), {
    response: { data: 'hunter2' },
  });
  const line = JSON.parse(logged((log) => log.warn({ err: error }, 'failed')));
  expect(line.err).toEqual({
    name: 'CodedError',
    code: 'Unavailable',
    message: 'no answer',
    causes: ['ECONNRESET'],
  });
});

test.each([
  ['an error', (message: string) => new Error(message)],
  ['a text that was thrown', (message: string) => message],
])('of %s the first 500 characters are logged, and of a secret across their end nothing', (_, thrownWith) => {
  const thrown = thrownWith(`${'words '.repeat(82)}${planted.classicToken} and more`);
  const { err } = JSON.parse(logged((log) => log.error({ err: thrown }, 'failed')));
  expect(err.message).toBe(`${'words '.repeat(82)}${clean(planted.classicToken)} and more`.slice(0, 500));
});

test('causes that go round and have no code end all the same', () => {
  let asked = 0;
  const round = {
    code: 7,
    get cause(): unknown {
      asked += 1;
      return asked < 1_000 ? round : undefined;
    },
  };
  const line = JSON.parse(logged((log) => log.warn({ err: round }, 'failed')));
  expect([line.err, asked]).toEqual([{ code: 7 }, 6]);
});

test('what throws when it is asked is logged with the rest', () => {
  const error = Object.defineProperties(new CodedError('Unavailable', 'no answer'), {
    status: { get: () => throwing('ask me not') },
    cause: { get: () => throwing('ask me not') },
  });
  const line = JSON.parse(logged((log) => log.warn({ err: error }, 'failed')));
  expect(line.err).toEqual({ name: 'CodedError', code: 'Unavailable', message: 'no answer' });
});

function throwing(thrown: unknown): never {
  throw thrown;
}

test.each<[string, (log: ReturnType<typeof createLog>, error: Error) => void]>([
  ['under a name of its own', (log, error) => log.warn({ reason: error }, 'failed')],
  ['as error', (log, error) => log.warn({ error }, 'failed')],
  ['alone', (log, error) => log.warn(error)],
  ['with a message', (log, error) => log.warn(error, 'failed')],
])('of an error that is logged %s, too', (_, write) => {
  const error = Object.assign(new CodedError('Unavailable', 'no answer'), {
    request: { headers: { authorization: 'hunter2' } },
  });
  const text = logged((log) => write(log, error));
  expect(text).not.toContain('hunter2');
  expect(text).toContain('"code":"Unavailable"');
});

test('a secret prints as redacted, however it is logged', () => {
  const text = logged((log) =>
    log.info({ token: new Secret('hunter2'), list: [new Secret('hunter2')] }, 'x'),
  );
  expect(text).not.toContain('hunter2');
  expect(text).toContain('[redacted]');
});

test.each(Object.entries(planted))('the last net takes out what looks like a credential: %s', (_, secret) => {
  const text = logged((log) =>
    log.error(
      { url: `https://x-access-token:${secret}@github.com/a/b`, note: `at ${secret}` },
      `got ${secret}`,
    ),
  );
  for (let at = 0; at + 12 <= secret.length; at += 1) {
    const piece = JSON.stringify(secret.slice(at, at + 12)).slice(1, -1);
    // Words of the PEM frame are no secret.
    if (!secret.startsWith('-----') || piece.includes('MII')) expect(text).not.toContain(piece);
  }
});

test('ordinary text stays as it is', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z ,.0-9]{0,80}$/), (text) => {
      expect(clean(text)).toBe(text);
    }),
  );
});

const appToken = `ghs_12345_${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${randomText(300)}.${randomText(160)}`;

/** Letters and digits by chance. */
function randomText(length: number): string {
  return randomBytes(2 * length)
    .toString('base64')
    .replaceAll(/\W/g, '')
    .slice(0, length);
}

describe.each([
  ['the old form', `ghs_${randomText(36)}`],
  ['the new form', appToken],
])("an App's token in %s", (_, token) => {
  test('is taken out by its look alone', () => {
    const text = logged((log) => log.info({ token, url: `https://x:${token}@github.com` }, `got ${token}`));
    expect(JSON.parse(text)).toMatchObject({
      token: '[redacted]',
      url: 'https://[redacted]@github.com',
      msg: 'got [redacted]',
    });
  });

  test('is taken out by its value where it is split between two lines, wherever that is', () => {
    const value = new Secret(token).expose();
    const pieces = new SecretPieces([['token', value.replace(/^ghs_(\d+_eyJ\w+\.)?/, '')]]);
    for (let at = 1; at < value.length; at += 1) {
      const text = logged((log) => {
        log.info({ chunk: value.slice(0, at) }, 'got');
        log.info({ chunk: value.slice(at) }, 'got');
      });
      expect(pieces.findIn('the log', text)).toEqual([]);
    }
  });
});

test('a line is JSON, with the secrets taken out that look like none', () => {
  const password = `p"w\\\n${randomText(20)}`;
  const { length } = new Secret(password).expose();
  expect(length).toBe(25);
  const basic = Buffer.from(`user:${password}`).toString('base64');
  const text = logged((log) =>
    log.warn({ password, deep: [{ basic }], err: new CodedError('X', password) }, 'x'),
  );
  expect(JSON.parse(text)).toMatchObject({
    password: expect.stringMatching(/^.{0,2}\[redacted\]$/s),
    err: { message: expect.stringMatching(/^.{0,2}\[redacted\]$/s) },
  });
  expect(new SecretPieces([['password', password]]).findIn('the log', text)).toEqual([]);
});

test('that a secret was about to be written where none may be is told of once, without it', () => {
  const token = new Secret(`planted-${randomText(20)}`).expose();
  const text = logged(() => {
    for (const again of ['a', 'b']) redactOurs({ message: `${again} ${token}` }, 'status');
  });
  expect(JSON.parse(text)).toMatchObject({
    level: 'error',
    where: 'status',
    msg: 'a secret was taken out of what was about to be written: please report this',
  });
});
