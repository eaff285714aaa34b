import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { Secret } from '../../../src/base/secret.ts';
import { connect, type OpenConnection } from '../../../src/forges/connect.ts';
import type { AppKey } from '../../../src/forges/identity.ts';
import { providers } from '../../../src/forges/index.ts';
import { startScripted, type Asked, type Scripted } from '../scripted.ts';
import { call } from './opened.ts';

/**
 * `@octokit/auth-app` keeps what it is minting in one map for the whole process, under the installation's id, repositories and permissions:
 * neither the host nor the App is part of the key. On servers of one's own installations have small numbers, so that two are easily
 * the same. We take JWTs alone from it.
 */
const installationId = 7;

/** Of each key pair one: what an App signs with. */
const pems = [1, 2].map(() =>
  generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString(),
);

interface Host {
  readonly name: string;
  readonly server: Scripted;
  readonly connection: OpenConnection;
}

let hosts: readonly [Host, Host];
/** Both have been asked before either answers. */
let asked: PromiseWithResolvers<void>;

beforeEach(async () => {
  asked = Promise.withResolvers();
  let waiting = 0;
  const start = async (name: string): Promise<Host> => {
    const server = await startScripted(async (request) => {
      waiting += 1;
      if (waiting >= 2) asked.resolve();
      await asked.promise;
      return { status: 201, body: mintedBy(name, request) };
    });
    const connection = connect({
      host: `${name}.example`,
      provider: 'github',
      apiUrl: server.url,
      allowPrivateNetwork: true,
    });
    return { name, server, connection };
  };
  hosts = [await start('one'), await start('two')];
});

afterEach(async () => {
  for (const { server, connection } of hosts) {
    await server.close();
    await connection.close();
  }
});

/** A token that tells by which host and for which App it was minted. */
function mintedBy(host: string, { headers }: Asked): unknown {
  const [, claims = ''] = (headers.authorization ?? '').split('.');
  const { iss } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { iss: unknown }; // what we sent ourselves
  return {
    token: `ghs_${host}-${String(iss)}-${'a'.repeat(30)}`,
    expires_at: '2099-01-01T00:00:00Z',
    permissions: { contents: 'write', metadata: 'read' },
    repository_selection: 'selected',
    repositories: [{ id: 1, name: 'fleet' }],
  };
}

function hostAndApp(token: string): string {
  return token.split('-').slice(0, 2).join(' of ').replace('ghs_', '');
}

test('the library gives the token of one host to the other', async () => {
  // Whoever asks second is given what the first one is waiting for, so that one host is never asked.
  asked.resolve();
  const tokens = await Promise.all(
    hosts.map(async ({ server }, index) => {
      const { request } = new Octokit({ baseUrl: server.url });
      const auth = createAppAuth({ appId: index + 1, privateKey: pems[index] ?? '', request });
      const permissions = { contents: 'write' as const };
      return (await auth({ type: 'installation', installationId, repositoryNames: ['fleet'], permissions }))
        .token;
    }),
  );
  expect(tokens.map(hostAndApp)).toEqual(['one of 1', 'one of 1']);
  expect(hosts.map(({ server }) => server.asked.length)).toEqual([1, 0]);
});

test.each([
  ['each host its own App', ['1', '2']],
  ['one App on both hosts', ['1', '1']],
])('we do not: %s', async (_, appIds) => {
  const tokens = await Promise.all(
    hosts.map(({ connection }, index) => minted(connection, appIds[index] ?? '', pems[index] ?? '')),
  );
  expect(tokens.map(hostAndApp)).toEqual([`one of ${appIds[0]}`, `two of ${appIds[1]}`]);
  expect(hosts.map(({ server }) => server.asked.length)).toEqual([1, 1]);
});

test('nor do two Apps on one host, whose installations cannot have the same id, are mixed up', async () => {
  const [{ connection, server }] = hosts;
  const tokens = await Promise.all(
    ['1', '2'].map((appId, index) => minted(connection, appId, pems[index] ?? '')),
  );
  expect(tokens.map(hostAndApp)).toEqual(['one of 1', 'one of 2']);
  expect(server.asked).toHaveLength(2);
});

async function minted(connection: OpenConnection, appId: string, pem: string): Promise<string> {
  const key: AppKey = { appId, privateKey: new Secret(pem) };
  const { token } = await providers.github.identity(connection).mintToken(
    {
      key,
      installation: `${installationId}`,
      repositories: [{ name: 'fleet' }],
      permissions: ['contents:write'],
    },
    call(),
  );
  return token.expose();
}
