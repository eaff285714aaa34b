import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { app, pem, pkcs1, pkcs8, read, rsa, token, type Spec, type Values } from '../stored.ts';

const ec = pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const ed25519 = pkcs8(generateKeyPairSync('ed25519').privateKey);
const pss = pkcs8(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey);
const weak = pkcs1(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey);
const encryption = { cipher: 'aes-256-cbc', passphrase: 'hunter2' };
const encrypted8 = rsa.export({ type: 'pkcs8', format: 'pem', ...encryption }).toString();
const encrypted1 = rsa.export({ type: 'pkcs1', format: 'pem', ...encryption }).toString();

function refusalOf(spec: Spec, values: Values): string {
  try {
    read(spec, values);
  } catch (thrown) {
    const { code, message } = thrown as { code: string; message: string }; // only read, and compared
    return `${code}: ${message}`;
  }
  return 'accepted';
}

const large = 'x'.repeat(1024 * 1024);
const binary = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x68, 0x75, 0x6e, 0x74, 0x65, 0x72, 0x32]);

describe('what cannot be used is named by its key and never shown', () => {
  test.each<[string, Spec, Values, RegExp]>([
    ['no appId', app, { privateKey: pem }, /^Missing: .*no key appId, nor githubAppID; add it/],
    ['an empty appId', app, { appId: '', privateKey: pem }, /^Missing: .*no key appId/],
    ['an appId with a path in it', app, { appId: '../../x', privateKey: pem }, /^Malformed: .*key appId/],
    ['no privateKey', app, { appId: '1' }, /^Missing: .*no key privateKey, nor githubAppPrivateKey/],
    [
      'a privateKey that is no PEM',
      app,
      { appId: '1', privateKey: 'hunter2-hunter2' },
      /^Malformed: .*key privateKey/,
    ],
    ['half a privateKey', app, { appId: '1', privateKey: pem.slice(0, 200) }, /^Malformed: .*key privateKey/],
    ['an EC key', app, { appId: '1', privateKey: ec }, /^Malformed: key privateKey .* is not an RSA key/],
    ['an Ed25519 key', app, { appId: '1', privateKey: ed25519 }, /^Malformed: .* is not an RSA key/],
    [
      'a key that is for RSA-PSS alone',
      app,
      { appId: '1', privateKey: pss },
      /^Malformed: .* is not an RSA key/,
    ],
    ['a weak RSA key', app, { appId: '1', privateKey: weak }, /^Malformed: .* less than 2048 bits/],
    [
      'an encrypted key in PKCS #8',
      app,
      { appId: '1', privateKey: encrypted8 },
      /^Malformed: .* is encrypted with a passphrase/,
    ],
    [
      'an encrypted key in PKCS #1',
      app,
      { appId: '1', privateKey: encrypted1 },
      /^Malformed: .* is encrypted with a passphrase/,
    ],
    ['two keys in one', app, { appId: '1', privateKey: pem + pem }, /^Malformed: .* more than one PEM block/],
    [
      'an installationId that is no number',
      app,
      { appId: '1', privateKey: pem, installationId: 'hunter2' },
      /^Malformed: .*key installationId/,
    ],
    [
      'an owner that is no name',
      app,
      { githubAppID: '1', githubAppPrivateKey: pem, githubAppInstallationOwner: 'hunter2/x' },
      /^Malformed: key githubAppInstallationOwner .* is not the name of an account/,
    ],
    [
      'two names that differ',
      app,
      { appId: '1', githubAppId: '2', privateKey: pem },
      /^Malformed: key appId of Secret apps\/acme-promoter and key githubAppId hold different values; keep one/,
    ],
    [
      'a privateKey of 1 MB',
      app,
      { appId: '1', privateKey: large },
      /^Malformed: key privateKey .* is longer than 8192 bytes/,
    ],
    [
      'an appId of 1 MB',
      app,
      { appId: large, privateKey: pem },
      /^Malformed: key appId .* is longer than 64 bytes/,
    ],
    [
      'a binary privateKey',
      app,
      { appId: '1', privateKey: binary },
      /^Malformed: key privateKey .* is not text/,
    ],
    [
      'no token',
      token,
      { username: 'hunter2' },
      /^Missing: .*no key token, nor password, nor bearerToken; add it/,
    ],
    [
      "an App's key where a token is named",
      token,
      { appId: '1', privateKey: pem },
      /^Missing: .*no key token.*it holds an App's key: name it under githubApp/,
    ],
    ['a token with a line break in it', token, { token: 'hunter2\nhunter2' }, /^Malformed: .*key token/],
    [
      'a token with a space in it',
      token,
      { token: 'ghp_hunter2 hunter2' },
      /^Malformed: .*key token .* holds spaces/,
    ],
    ['a token that is too short to be one', token, { token: 'hunter2' }, /^Malformed: .*key token/],
    ['a token of 1 MB', token, { token: large }, /^Malformed: key token .* is longer than 2048 bytes/],
    ['a binary token', token, { token: binary }, /^Malformed: key token .* is not text/],
    [
      'a token with NUL behind it',
      token,
      { token: 'ghp_hunter2hunter2\0' },
      /^Malformed: key token .* is not text/,
    ],
    [
      'a token of GitLab',
      token,
      { token: `glpat-${'hunter2'.repeat(3)}` },
      /^Malformed: key token .* holds a token of GitLab, and not a token of github\.com; replace it$/,
    ],
    [
      'a token of Bitbucket',
      token,
      { password: 'ATBBhunter2hunter2' },
      /^Malformed: key password .* holds a token of Atlassian/,
    ],
    ['a refresh token', token, { token: 'ghr_hunter2hunter2' }, /^Malformed: .* a refresh token of GitHub/],
    ['a key in PEM', token, { token: pem }, /^Malformed: .* holds a key in PEM, which is for githubApp/],
    [
      'a whole header',
      token,
      { token: 'Bearer ghp_hunter2hunter2' },
      /^Malformed: .* holds a header and not the token alone/,
    ],
    [
      'a token that went through base64 twice',
      token,
      { token: Buffer.from('ghp_hunter2hunter2').toString('base64') },
      /^Malformed: .* holds a value in base64, which belongs under data/,
    ],
  ])('%s', (_, spec, values, expected) => {
    const refusal = refusalOf(spec, values);
    expect(refusal).toMatch(expected);
    expect(refusal).toContain('apps/acme-promoter');
    expect(refusal).not.toMatch(/hunter2|Z2hw|BEGIN|\.\.\/\.\.|xxxx/);
    expect(refusal.length).toBeLessThan(250);
  });
});

describe('a Secret does not say where its key is sent: the address in it is', () => {
  const flux = (githubAppBaseURL: string): Values => ({
    githubAppID: '1',
    githubAppPrivateKey: pem,
    githubAppBaseURL,
  });
  const argo = (githubAppEnterpriseBaseUrl: string): Values => ({
    githubAppID: '1',
    githubAppPrivateKey: pem,
    githubAppEnterpriseBaseUrl,
  });

  test.each<[string, Values, string]>([
    ["the Credential's host", flux('https://github.com/api/v3'), 'accepted'],
    ["the host of the operator's API", argo('https://api.github.com/'), 'accepted'],
    ['empty', flux(''), 'accepted'],
    [
      'that of another host, in Flux',
      flux('https://evil.example/api/v3'),
      'HostNotAllowed: key githubAppBaseURL of Secret apps/acme-promoter is for another forge than github.com, which the Credential is for; correct it or leave it out',
    ],
    [
      'that of another host, in Argo CD',
      argo('https://github.com.evil.example/api/v3'),
      'HostNotAllowed: key githubAppEnterpriseBaseUrl of Secret apps/acme-promoter is for another forge than github.com, which the Credential is for; correct it or leave it out',
    ],
    [
      'that of another port',
      flux('https://github.com:8443/api/v3'),
      'HostNotAllowed: key githubAppBaseURL of Secret apps/acme-promoter is for another forge than github.com, which the Credential is for; correct it or leave it out',
    ],
    [
      'one with a user in it',
      flux('https://github.com@evil.example/'),
      'Malformed: key githubAppBaseURL of Secret apps/acme-promoter is not the address of an API; correct it or leave it out',
    ],
    [
      'no address',
      flux('github.com'),
      'Malformed: key githubAppBaseURL of Secret apps/acme-promoter is not the address of an API; correct it or leave it out',
    ],
  ])('%s', (_, values, expected) => {
    expect(refusalOf(app, values)).toBe(expected);
  });
});
