import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hearOfFaults, redact, redactLines, redactOurs } from '../../src/base/redaction.ts';
import { Secret } from '../../src/base/secret.ts';
import { SecretPieces } from '../e2e/secret-pieces.ts';

function characters(count: number): string {
  return randomBytes(2 * count)
    .toString('base64')
    .replaceAll(/[+/=]/g, '')
    .slice(0, count);
}

const jwtHeader = Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url');
const password = `päss${characters(12)}"wörd"\\${characters(12)}/+ ${characters(12)}`;
const planted = {
  'a classic token': `ghp_${characters(36)}`,
  'a fine-grained token': `github_pat_${characters(82)}`,
  "an App's token in the old form": `ghs_${characters(36)}`,
  "an App's token in the new form": `ghs_12345_${jwtHeader}.${characters(300)}.${characters(160)}`,
  'a token of GitLab': `glpat-${'x7Kq2Vb9Zt4Lw8Nc5Rf1'}`,
  "an App's JWT": `${jwtHeader}.${characters(120)}.${characters(342)}`,
  'a private key': generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString(),
  'a password with all that is escaped': password,
  'a token of twelve characters': 'Zq8Wn4Xv7Rb2',
};
for (const value of Object.values(planted)) expect(new Secret(value).isEmpty).toBe(false);

/** What of a secret is secret. */
function bareOf(secret: string): string {
  return secret
    .replaceAll(/-----[A-Z ]+-----/g, '')
    .trim()
    .replace(/^MII.{49}/, '')
    .replace(/^(gh[a-z]_(\d+_)?|github_pat_|glpat-)?(eyJ[\w-]+\.)?/, '');
}

const forms: Readonly<Record<string, (secret: string) => string>> = {
  'as it is': (secret) => secret,
  'on one line': (secret) => secret.replaceAll('\n', ''),
  'in JSON': (secret) => JSON.stringify({ secret }),
  'in a URL': (secret) => `https://x:${encodeURIComponent(secret)}@github.com/`,
  'in base64': (secret) => Buffer.from(secret).toString('base64'),
  'in base64, one byte in': (secret) => Buffer.from(`"${secret}"`).toString('base64'),
  'in base64, two bytes in': (secret) => Buffer.from(`x:${secret}@`).toString('base64'),
  'in base64url': (secret) => Buffer.from(`>${secret}`).toString('base64url'),
  'in hex': (secret) => Buffer.from(secret).toString('hex'),
  'in upper-case hex': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
};

for (const [name, secret] of Object.entries(planted)) {
  test.each(Object.entries(forms))(`takes out ${name} %s`, (_, form) => {
    const bare = bareOf(secret);
    const text = redact(`got ${form(secret)} from it`);
    expect(text).toMatch(/^got .*\[redacted\].* from it$/s);
    expect(new SecretPieces([[name, bare]]).findIn('the text', text)).toEqual([]);
  });

  test(`takes out any twelve characters of ${name} in any form`, () => {
    const bare = bareOf(secret);
    for (const form of Object.values(forms).slice(0, 2)) {
      const whole = form(bare);
      for (let at = 0; at + 12 <= whole.length; at += 1) {
        const piece = whole.slice(at, at + 12);
        // Of its characters two may be left at each end.
        expect(redact(`«${piece}»`)).toMatch(/^«.{0,2}\[redacted\].{0,2}»$/s);
      }
    }
    const base64 = Buffer.from(bare).toString('base64').replace(/=*$/, '').slice(0, -1);
    const hex = Buffer.from(bare).toString('hex');
    for (const whole of [base64, hex, hex.toUpperCase()]) {
      for (let at = 0; at + 12 <= whole.length; at += 1)
        expect(redact(`«${whole.slice(at, at + 12)}»`)).toMatch(/^«.{0,2}\[redacted\].{0,2}»$/);
    }
  });
}

test('JSON stays JSON, wherever in it the secret begins and ends', () => {
  const secret = planted['a password with all that is escaped'];
  const key = planted['a private key'];
  fc.assert(
    fc.property(fc.nat(secret.length), fc.nat(key.length), fc.nat(200), (from, at, length) => {
      const value = { one: `"${secret.slice(from)}"`, two: `\n${key.slice(at, at + length)}\\`, three: '\\' };
      const text = redact(JSON.stringify(value));
      expect(() => JSON.parse(text)).not.toThrow();
    }),
    { numRuns: 500 },
  );
});

test('what is taken out in pieces that touch becomes one word', () => {
  const token = planted['a classic token'];
  expect(redact(`a ${token}${token} b ${token}, c`)).toBe(
    'a ghp_[redacted]ghp_[redacted] b ghp_[redacted], c',
  );
});

test('what is the same in all keys and tokens is no secret', () => {
  const publicWords = [
    'expected -----BEGIN RSA PRIVATE KEY-----, and at the end -----END RSA PRIVATE KEY-----',
    'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC is how each begins',
    'tokens that begin with github_pat_ or ghs_12345_ or glpat- are taken',
    `each has the header ${jwtHeader}`,
    Buffer.from('-----BEGIN RSA PRIVATE KEY-----\n').toString('base64'),
  ];
  for (const words of publicWords) expect(redact(words)).toBe(words);
});

test('ordinary text stays as it is', () => {
  const words = fc.array(
    fc.constantFrom('promotion', 'lockkeeper', 'https://github.com/acme/fleet', 'a: "b"', '\n'),
  );
  const digests = fc.array(
    fc.uint8Array({ minLength: 20, maxLength: 32 }).map((each) => Buffer.from(each).toString('hex')),
  );
  fc.assert(
    fc.property(words, digests, (some, others) => {
      const text = [...some, ...others].join(' ');
      expect(redact(text)).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test('doing it twice changes nothing', () => {
  const once = redact(JSON.stringify(planted));
  expect(redact(once)).toBe(once);
});

test('what has less than twelve characters is not learned', () => {
  const pin = characters(11);
  expect(new Secret(pin).isEmpty).toBe(false);
  expect(redact(`the pin is ${pin}`)).toBe(`the pin is ${pin}`);
});

test('a large secret is known by its beginning', () => {
  const large = characters(1024 * 1024);
  expect(new Secret(large).isEmpty).toBe(false);
  expect(redact(large.slice(4_000, 4_100))).toMatch(/^.{0,2}\[redacted\].{0,2}$/);
  expect(redact(large.slice(500_000, 500_100))).toBe(large.slice(500_000, 500_100));
});

test('bytes that are no text are taken out where they are encoded', () => {
  const bytes = Buffer.concat([Buffer.from([0xff, 0xfe, 0x80]), randomBytes(60)]);
  expect(new Secret(bytes).isEmpty).toBe(false);
  expect(redact(`got ${bytes.toString('hex')}`)).toMatch(/^got .{0,2}\[redacted\].{0,2}$/);
  expect(redact(`got ${bytes.toString('base64')}`)).toMatch(/^got .{0,4}\[redacted\].{0,4}$/);
});

test('of data only strings change, and data without a secret is the same object', () => {
  const token = planted['a classic token'];
  const data = { a: 1, b: [true, null, `x ${token}`], c: { d: 'plain' }, e: undefined, message: token };
  const clean = redactOurs(data, 'status');
  expect(clean).toEqual({
    ...data,
    b: [true, null, 'x ghp_[redacted]'],
    message: 'ghp_[redacted]',
  });
  expect(clean.c).toBe(data.c);
  expect(redactOurs(clean, 'status')).toBe(clean);
});

test('names and ids stay as they are, which are read back', () => {
  const commit = randomBytes(20).toString('hex');
  expect(new Secret(commit).isEmpty).toBe(false);
  const data = { commit, url: `https://github.com/acme/fleet/commit/${commit}` };
  expect(redactOurs(data, 'status')).toBe(data);
  expect(redactOurs({ ...data, message: `at ${commit}` }, 'status')).toEqual({
    ...data,
    message: 'at [redacted]',
  });
});

test('lines for programs stay as they are', () => {
  const token = planted['a classic token'];
  const clean = redactLines(`by ${token}\nKey: ${token}`, (line) => line.startsWith('Key'), 'pull request');
  expect(clean).toBe(`by ghp_[redacted]\nKey: ${token}`);
});

test.each([
  'promotion/apps/podinfo/staging',
  'https://github.com/acme/fleet',
  'lockkeeper_forge_calls_total',
  'correct horse battery staple',
  'Credential evil-namespace/acme-promoter-2',
  'PermissionsMissing',
  'podinfo-in-prod-2',
])('who puts the words "%s" into a Secret does not have them taken out of what others are told', (words) => {
  expect(new Secret(words).isEmpty).toBe(false);
  expect(redact(`it says ${words}!`)).toBe(`it says ${words}!`);
});

test('that a secret stood in what we make up ourselves is told of once', () => {
  const token = planted['a classic token'];
  const heard: string[] = [];
  hearOfFaults((where) => void heard.push(where));
  for (const text of ['fine', token, token]) redactOurs({ message: text }, 'status');
  redactOurs({ comment: `not ${token}` }, 'pull request');
  hearOfFaults(() => {});
  expect(heard).toEqual(['status', 'pull request']);
});

test('is forgotten when it was not used while hundreds of others were, and known as long as it is', () => {
  const [used, unused] = [new Secret(characters(40)), new Secret(characters(40))];
  const [usedText, unusedText] = [used.expose(), unused.expose()];
  for (let made = 0; made < 100; made += 1) {
    expect(new Secret(characters(8_000)).isEmpty).toBe(false);
    expect(used.expose()).toBe(usedText);
  }
  expect(redact(usedText)).toBe('[redacted]');
  expect(redact(unusedText)).toBe(unusedText);
});
