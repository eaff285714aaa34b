import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { secretNameOf } from '../../../src/credentials/material/material.ts';
import { app, pem, pkcs1, pkcs8, read, rsa, token, type Values } from '../stored.ts';

function keyOf(values: Values): unknown {
  const material = read(app, values);
  if (material.kind === 'token') return material;
  const { privateKey, ...rest } = material.key;
  return { ...rest, isPkcs8: privateKey.expose() === pkcs8(rsa) };
}

function tokenOf(values: Values): string | undefined {
  const material = read(token, values);
  return material.kind === 'token' ? material.token.expose() : undefined;
}

describe("an App's key is taken", () => {
  test.each<[string, Values, object]>([
    ['as GitHub gives it, in PKCS #1', { appId: ' 1400100\n', privateKey: `\n${pem}\n` }, {}],
    ['in PKCS #8', { appId: '1400100', privateKey: pkcs8(rsa) }, {}],
    ['with the line ends of Windows', { appId: '1400100\r\n', privateKey: pem.replaceAll('\n', '\r\n') }, {}],
    ['with a byte order mark before it', { appId: '\ufeff1400100', privateKey: `\ufeff${pem}` }, {}],
    ['with line ends written as \\n', { appId: '1400100', privateKey: pem.replaceAll('\n', '\\n') }, {}],
    [
      'with an installation',
      { appId: '1400100', privateKey: pem, installationId: '52\n' },
      { installationId: '52' },
    ],
    [
      'with an empty installation, which is none',
      { appId: '1400100', privateKey: pem, installationId: '' },
      {},
    ],
    [
      'from a Secret of Flux',
      { githubAppID: '1400100', githubAppInstallationID: '52', githubAppPrivateKey: pem },
      { installationId: '52' },
    ],
    [
      'from a Secret of Flux that names the owner of the installation',
      { githubAppID: '1400100', githubAppInstallationOwner: 'acme', githubAppPrivateKey: pem },
      { installationOwner: 'acme' },
    ],
    [
      'from a Secret of Argo CD',
      {
        type: 'git',
        url: 'x',
        githubAppID: '1400100',
        githubAppInstallationID: '52',
        githubAppPrivateKey: pem,
      },
      { installationId: '52' },
    ],
    [
      'under names that are spelled in another case',
      { githubAppId: '1400100', githubAppInstallationId: '52', GithubAppPrivateKey: pem },
      { installationId: '52' },
    ],
    [
      'under two names that say the same',
      { appId: '1400100', githubAppID: '1400100', privateKey: pem, githubAppPrivateKey: `${pem}\n` },
      {},
    ],
    [
      'from a Secret that also holds a token',
      { appId: '1400100', privateKey: pem, token: 'ghp_0123456789' },
      {},
    ],
  ])('%s', (_, values, more) => {
    expect(keyOf(values)).toEqual({ appId: '1400100', isPkcs8: true, ...more });
  });

  test('with a client id in the place of the App id', () => {
    expect(keyOf({ appId: 'Iv23liabc', privateKey: pem })).toMatchObject({ appId: 'Iv23liabc' });
  });
});

describe('a token is taken', () => {
  const ghs = `ghs_1400101_eyJhbGciOiJFUzI1NiJ9.${'aB3-_x9Z'.repeat(55)}.${'qW8_'.repeat(10)}`;

  test.each<[string, Values, string]>([
    ['without the line break that editors put behind it', { token: 'ghp_0123456789\n' }, 'ghp_0123456789'],
    [
      'as password, as Weave GitOps and Git clients have it',
      { username: 'ada', password: 'ghp_0123456789' },
      'ghp_0123456789',
    ],
    ['as bearerToken, as Flux has it', { bearerToken: 'ghp_0123456789' }, 'ghp_0123456789'],
    [
      'from token, when there is a password too',
      { username: 'ada', password: 'ghp_for-git-alone', token: 'ghp_0123456789' },
      'ghp_0123456789',
    ],
    ['from password, when token is empty', { token: '\n', password: 'ghp_0123456789' }, 'ghp_0123456789'],
    [
      'in the form of an App token of 40 characters',
      { token: `ghs_${'a1'.repeat(18)}` },
      `ghs_${'a1'.repeat(18)}`,
    ],
    ['in the form of an App token of 520 characters', { token: ghs }, ghs],
    ['of a forge that does not mark its tokens', { token: 'f0'.repeat(20) }, 'f0'.repeat(20)],
    [
      "from a Secret that also holds an App's key",
      { appId: '1', privateKey: pem, token: 'ghp_0123456789' },
      'ghp_0123456789',
    ],
  ])('%s', (_, values, expected) => {
    expect(tokenOf(values)).toBe(expected);
  });
});

describe('which Secret it is', () => {
  const secretRef = { name: 'acme-promoter' };

  test('is what the one kind names', () => {
    expect([secretNameOf(app), secretNameOf(token)]).toEqual(['acme-promoter', 'acme-promoter']);
  });

  test.each([{}, { githubApp: { secretRef }, token: { secretRef } }])('is not told by %j', (spec) => {
    expect(() => secretNameOf(spec)).toThrow('set exactly one of: githubApp, token');
  });
});

describe('material tells itself apart from', () => {
  const otherPem = pkcs1(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
  const identityOf = (values: Values, uid?: string): string => read(app, values, uid).identity;

  test.each<[string, Values, string | undefined]>([
    ['the same ids with another key', { appId: '1', privateKey: otherPem }, undefined],
    ['the same ids and key in another Secret', { appId: '1', privateKey: pem }, 'other'],
    ['the same key of another App', { appId: '2', privateKey: pem }, undefined],
    ['another installation', { appId: '1', privateKey: pem, installationId: '5' }, undefined],
    [
      "another owner's installation",
      { appId: '1', privateKey: pem, githubAppInstallationOwner: 'x' },
      undefined,
    ],
  ])('%s', (_, values, uid) => {
    expect(identityOf(values, uid)).not.toBe(identityOf({ appId: '1', privateKey: pem }));
  });

  test('nothing else: the same key written in another way is the same', () => {
    const own = identityOf({ appId: '1', privateKey: pem });
    expect(identityOf({ githubAppID: '1', githubAppPrivateKey: pkcs8(rsa) })).toBe(own);
  });

  test('and holds neither key nor token', () => {
    expect(identityOf({ appId: '1', privateKey: pem })).not.toContain(pem.slice(40, 60));
    expect(read(token, { token: 'ghp_0123456789' }).identity).not.toContain('ghp_0123456789');
  });
});
