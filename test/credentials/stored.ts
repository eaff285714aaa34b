import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Secret } from '../../src/base/secret.ts';
import { readMaterial, type Material } from '../../src/credentials/material/material.ts';
import { connect } from '../../src/forges/connect.ts';
import { providers } from '../../src/forges/index.ts';
import { appCredential, tokenCredential } from './promoter.ts';

export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
/** As GitHub gives it. */
export const pem = pkcs1(rsa);

export function pkcs1(key: KeyObject): string {
  return key.export({ type: 'pkcs1', format: 'pem' }).toString();
}

export function pkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export const app = appCredential('acme/fleet').spec;
export const token = tokenCredential('acme/fleet').spec;
export type Spec = typeof app;
export type Values = Record<string, string | Buffer>;

/** What Secret apps/acme-promoter with these values turns out to be. Nothing is sent, so that there is nothing to be closed. */
export function read(spec: Spec, values: Values, uid = 'uid'): Material {
  const connection = connect({ host: 'github.com', provider: 'github', apiUrl: 'https://api.github.com' });
  const data = Object.entries(values).map(([key, value]) => [key, new Secret(value, 'stored')] as const);
  const secret = { uid, resourceVersion: '1', where: 'apps/acme-promoter', data: new Map(data) };
  return readMaterial(spec, secret, { connection, provider: providers.github });
}
