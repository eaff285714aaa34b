import { expect, test } from '@jest/globals';
import { SecretPieces } from './secret-pieces.ts';

const secret = 'ghp_k9/Tz+4vQ2~7Lw.Xr5Yb1Nc8Md3Pf6Hs0';
const pieces = new SecretPieces([['the token', secret]]);
const leak = [{ secret: 'the token', where: 'here' }];

test.each([
  ['the secret itself', `token ${secret}`],
  ['twelve characters of it', `it begins with ${secret.slice(0, 12)} and so on`],
  ['twelve characters from its middle', `...${secret.slice(15, 27)}...`],
  ['it in a URL', `https://github.com/?t=${encodeURIComponent(secret)}`],
  ['its base64', Buffer.from(secret).toString('base64')],
  ['its base64url', Buffer.from(secret).toString('base64url')],
  ['the base64 of a text with it, one byte in', Buffer.from(`"${secret}"`).toString('base64')],
  ['the base64 of a text with it, two bytes in', Buffer.from(`x:${secret}@`).toString('base64')],
  ['the base64 of a text with a piece', Buffer.from(`user:${secret.slice(4, 22)}`).toString('base64')],
  ['its hex', Buffer.from(secret).toString('hex')],
  ['its hex in upper case', Buffer.from(secret).toString('hex').toUpperCase()],
  ['six bytes of its hex', Buffer.from(secret).toString('hex').slice(21, 33)],
  ['it in JSON in JSON', JSON.stringify(JSON.stringify({ secret }))],
])('finds %s', (_, text) => {
  expect(pieces.findIn('here', text)).toEqual(leak);
});

test('finds nothing in eleven characters, nor in what was redacted', () => {
  expect(pieces.findIn('here', `token ${secret.slice(0, 11)} [redacted]`)).toEqual([]);
});

test('takes what all PEMs share for no secret', () => {
  const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow8zLq3vT1\nxYw0\n-----END RSA PRIVATE KEY-----\n';
  const ofPem = new SecretPieces([['the key', pem]]);
  expect(ofPem.findIn('here', 'expected -----BEGIN RSA PRIVATE KEY-----')).toEqual([]);
  expect(ofPem.findIn('here', 'expected MIIEow8zLq3v')).toEqual([{ secret: 'the key', where: 'here' }]);
});

test('finds a password in JSON, also where JSON writes other characters than it has', () => {
  const password = 'p"w\\x\ny"z\\';
  const own = new SecretPieces([['it', password + password]]);
  const found = [{ secret: 'it', where: 'here' }];
  expect(own.findIn('here', JSON.stringify(password + password))).toEqual(found);
  expect(own.findIn('here', JSON.stringify(JSON.stringify(password + password)))).toEqual(found);
});

test("finds an App's token of 520 characters, and takes what all of them begin with for no secret", () => {
  const header = Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url');
  const token = `ghs_1400101_${header}.${'Zq8Wn4Xv7Rb2Kd9T'.repeat(18)}.${'Pq3Lw8Xz5Vb1Nc7M'.repeat(11)}`;
  const own = new SecretPieces([['it', token]]);
  expect(own.findIn('here', `ghs_1400101_${header}.`)).toEqual([]);
  for (let at = 12 + header.length + 1; at + 12 <= token.length; at += 1)
    expect(own.findIn('here', token.slice(at, at + 12))).toEqual([{ secret: 'it', where: 'here' }]);
});
