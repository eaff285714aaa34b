import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { CredentialSpec } from '../../src/api/credential.ts';
import { Secret } from '../../src/base/secret.ts';
import { readMaterial, type Material } from '../../src/credentials/material.ts';
import { appCredential, tokenCredential } from './promoter.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const pem = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

const app = appCredential('acme/fleet').spec;
const token = tokenCredential('acme/fleet').spec;

function read(spec: CredentialSpec, values: Record<string, string>, uid = 'uid'): Material {
  const data = Object.entries(values).map(([key, value]) => [key, new Secret(value)] as const);
  return readMaterial(spec, 'apps/acme-promoter', { uid, data: new Map(data) });
}

function refusalOf(spec: CredentialSpec, values: Record<string, string>): string {
  try {
    read(spec, values);
  } catch (thrown) {
    const { code, message } = thrown as { code: string; message: string }; // only read, and compared
    return `${code}: ${message}`;
  }
  return 'accepted';
}

test("an App's key is taken in the form that GitHub gives it, and made to the form that signers take", () => {
  const material = read(app, { appId: ' 1400100\n', privateKey: `\n${pem}\n` });
  expect(material).toMatchObject({ kind: 'app', key: { appId: '1400100' } });
  expect(material.kind === 'app' && material.key.privateKey.expose()).toMatch(/^-----BEGIN PRIVATE KEY-----/);
});

test('a client id stands for an App id, and an installation may be named', () => {
  expect(read(app, { appId: 'Iv23liabc', privateKey: pem, installationId: '52000300\n' })).toMatchObject({
    key: { appId: 'Iv23liabc', installationId: '52000300' },
  });
});

test('a token is taken without the line break that editors put behind it', () => {
  const material = read(token, { token: 'ghp_0123456789\n' });
  expect(material.kind === 'token' && material.token.expose()).toBe('ghp_0123456789');
});

describe('what cannot be used is named by its key and never shown', () => {
  const half = pem.slice(0, 200);
  test.each<[string, CredentialSpec, Record<string, string>, RegExp]>([
    ['no appId', app, { privateKey: pem }, /^Missing: .*no key appId/],
    ['an empty appId', app, { appId: '', privateKey: pem }, /^Missing: .*no key appId/],
    ['an appId with a path in it', app, { appId: '../../x', privateKey: pem }, /^Malformed: .*key appId/],
    ['no privateKey', app, { appId: '1' }, /^Missing: .*no key privateKey/],
    [
      'a privateKey that is no PEM',
      app,
      { appId: '1', privateKey: 'hunter2-hunter2' },
      /^Malformed: .*key privateKey/,
    ],
    ['half a privateKey', app, { appId: '1', privateKey: half }, /^Malformed: .*key privateKey/],
    ['a privateKey that is not RSA', app, { appId: '1', privateKey: ec }, /^Malformed: .*key privateKey/],
    [
      'an installationId that is no number',
      app,
      { appId: '1', privateKey: pem, installationId: 'hunter2' },
      /^Malformed: .*key installationId/,
    ],
    ['no token', token, { password: 'hunter2' }, /^Missing: .*no key token/],
    ['a token with a line break in it', token, { token: 'hunter2\nhunter2' }, /^Malformed: .*key token/],
    ['a token that is too short to be one', token, { token: 'hunter2' }, /^Malformed: .*key token/],
  ])('%s', (_, spec, values, expected) => {
    const refusal = refusalOf(spec, values);
    expect(refusal).toMatch(expected);
    expect(refusal).toContain('apps/acme-promoter');
    expect(refusal).not.toMatch(/hunter2|BEGIN|\.\.\/\.\./);
  });
});

describe('material tells itself apart from', () => {
  const own = read(app, { appId: '1', privateKey: pem }).identity;
  const otherPem = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString();
  test.each<[string, string]>([
    ['the same ids with another key', read(app, { appId: '1', privateKey: otherPem }).identity],
    ['the same ids and key in another Secret', read(app, { appId: '1', privateKey: pem }, 'other').identity],
    ['the same key of another App', read(app, { appId: '2', privateKey: pem }).identity],
    ['another installation', read(app, { appId: '1', privateKey: pem, installationId: '5' }).identity],
  ])('%s', (_, other) => {
    expect(other).not.toBe(own);
  });

  test('nothing else: the same key written in another way is the same', () => {
    const pkcs8 = rsa.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(read(app, { appId: '1', privateKey: pkcs8 }).identity).toBe(own);
  });

  test('and holds neither key nor token', () => {
    expect(own).not.toContain(pem.slice(40, 60));
    expect(read(token, { token: 'ghp_0123456789' }).identity).not.toContain('ghp_0123456789');
  });
});
