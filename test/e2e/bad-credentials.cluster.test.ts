import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { endure, mistakeTimeoutMs, type Mistake } from './bad-input.ts';
import { startScene, type Scene } from './scene.ts';

let scene: Scene;
/** Not on the operator's list; counts who comes. */
const stranger = createServer((socket) => void socket.destroy());
let visits = 0;
beforeAll(async () => {
  stranger.on('connection', () => (visits += 1)).listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  scene = await startScene();
}, 180_000);
afterAll(async () => {
  stranger.close();
  await scene.stop();
});

function strangersHost(): string {
  return `127.0.0.1:${(stranger.address() as AddressInfo).port}`; // a TCP server that listens has one
}

/** What the Credential's own health costs: whose the App is, where it is, and how many repositories its key opens. */
const probes = new Set([
  'GET /app',
  'GET /repos/{owner}/{repo}/installation',
  'POST /app/installations/{installation_id}/access_tokens',
  'GET /installation/repositories',
  'DELETE /installation/token',
]);

const notAKey = 'ssh-rsa-9zQ4vK7mT2xW8bN3cR6yL1pD5hJ0fGs';

const mistakes: readonly Mistake[] = [
  {
    when: 'the Secret is missing',
    namespace: 'secret-missing',
    spoil: (stage) => stage.delete(`/api/v1/namespaces/secret-missing/secrets/promoter`),
    reason: 'Missing',
    says: () => 'Secret secret-missing/promoter does not exist; create it',
    mend: (stage) => stage.putSecret(stage.secretData),
    recovery: 'asked',
  },
  {
    when: 'the Secret lacks a key',
    namespace: 'key-missing',
    spoil: (stage) => stage.putSecret({ appId: stage.secretData['appId'] ?? '' }),
    reason: 'Missing',
    says: () => 'Secret key-missing/promoter has no key privateKey, nor githubAppPrivateKey; add it',
    mend: (stage) => stage.putSecret(stage.secretData),
    recovery: 'asked',
  },
  {
    when: 'the key is no PEM',
    namespace: 'key-malformed',
    spoil: (stage) => stage.putSecret({ ...stage.secretData, privateKey: notAKey }),
    hidden: [notAKey],
    reason: 'Malformed',
    says: () =>
      'key privateKey of Secret key-malformed/promoter is not a private key in PEM; put the file there that the forge gave for the App',
    mend: (stage) => stage.putSecret(stage.secretData),
    recovery: 'asked',
  },
  {
    when: 'the token is revoked',
    namespace: 'token-revoked',
    options: { credential: 'token' },
    spoil: (stage) => stage.world.forge.revokeToken(stage.secretData['token'] ?? ''),
    reason: 'Revoked',
    says: () => 'github.com does not accept the token: it is wrong, expired or revoked; replace it',
    mend: (stage) => stage.putSecret({ token: stage.newToken() }),
    recovery: 'asked',
  },
  {
    when: 'the App does not have the private key any more',
    namespace: 'key-deleted',
    spoil: ({ app }) => void app.publicKeys.splice(0),
    reason: 'Revoked',
    says: () =>
      "github.com does not accept the App's key; give the App's own appId and a private key that it still has",
    mend: (stage) =>
      stage.putSecret({
        ...stage.secretData,
        privateKey: stage.world.forge.world.credentials.addKey(stage.app),
      }),
    recovery: 'asked',
  },
  {
    when: "the repository is not in the Credential's list",
    namespace: 'repository-unlisted',
    spoil: (stage) => stage.applyCredential({ repositories: ['acme/other'] }),
    reason: 'RepositoryNotAllowed',
    says: () =>
      'Credential promoter is not for acme/repository-unlisted; add it to its repositories or correct url',
    mend: async (stage) => {
      // And where the App is, when it is not on that repository.
      expect(new Set(stage.requests)).toEqual(new Set([...probes, 'GET /orgs/{org}/installation']));
      await stage.applyCredential();
    },
    recovery: 'watched',
  },
  {
    when: "the host is not on the operator's list",
    namespace: 'host-unlisted',
    spoil: (stage) => stage.applyPipeline({ url: `https://${strangersHost()}/acme/host-unlisted` }),
    reason: 'HostNotAllowed',
    says: () =>
      `${strangersHost()} is not on the operator's list of forges (github.com); ask the operator to add it, or correct url and host`,
    mend: async (stage) => {
      expect({ visits, requests: new Set(stage.requests) }).toEqual({ visits: 0, requests: probes });
      await stage.applyPipeline();
    },
    recovery: 'watched',
  },
  {
    when: 'the App is not installed any more',
    namespace: 'not-installed',
    spoil: ({ installation }) => void (installation.uninstalled = true),
    reason: 'NotInstalled',
    says: () =>
      'github.com does not have the App at acme; install it there on acme/not-installed, or correct the name',
    mend: ({ world, app, repository }) => void world.forge.install(app, 'acme', [repository]),
    recovery: 'asked',
  },
  {
    when: 'the App is installed, but not on the repository',
    namespace: 'installed-elsewhere',
    spoil: ({ installation }) => void (installation.repositories = new Set()),
    reason: 'NotInstalled',
    says: () =>
      "github.com has the App at acme but not on acme/installed-elsewhere; add the repository in the installation's settings, or correct the name",
    mend: ({ world, installation, repository }) => {
      installation.repositories = new Set([world.forge.world.repositories.require(repository).id]);
    },
    recovery: 'asked',
  },
  {
    when: "the App's installation is suspended",
    namespace: 'installation-suspended',
    spoil: ({ world, installation }) => world.forge.suspend(installation),
    reason: 'Suspended',
    says: () =>
      "github.com has suspended the App's installation; an owner unsuspends it in the installation's settings",
    mend: ({ world, installation }) => world.forge.unsuspend(installation),
    recovery: 'asked',
  },
  {
    when: 'the App lacks a permission',
    namespace: 'permission-missing',
    spoil: ({ installation }) =>
      void (installation.permissions = { contents: 'write', pull_requests: 'read' }),
    reason: 'PermissionsMissing',
    says: () =>
      "github.com has not granted the App contents:write and pull_requests:write; grant that in the App's settings and accept it where it is installed",
    mend: ({ installation, app }) => void (installation.permissions = app.permissions),
    recovery: 'asked',
  },
];

test.concurrent.each(mistakes)(
  'says what to do when $when, and goes on by itself when that is mended',
  async (mistake) => await endure(scene, mistake),
  mistakeTimeoutMs,
);
