import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import type { AppKey } from '../../../src/forges/identity.ts';
import { refusal, type Answer } from '../scripted.ts';
import { call, failureOf, token, withForge } from './opened.ts';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const key: AppKey = { appId: '1400101', privateKey: new Secret(pem) };

const request = {
  key,
  installation: '52',
  repositories: [{ name: 'fleet' }],
  permissions: ['contents:write', 'pull_requests:write'],
};
const minted = {
  token,
  expires_at: '2026-11-24T11:00:00Z',
  permissions: { contents: 'write', pull_requests: 'write', metadata: 'read' },
  repository_selection: 'selected',
  repositories: [{ id: 1, name: 'fleet' }],
};

test('asks for one repository and two permissions and gets no more', async () => {
  await withForge(
    () => ({ status: 201, body: minted }),
    async ({ identity, asked }) => {
      const { token: got, ...rest } = await identity.mintToken(request, call());
      expect(got.expose()).toBe(token);
      expect(rest).toEqual({
        expiresAt: new Date('2026-11-24T11:00:00Z'),
        permissions: ['contents:write', 'metadata:read', 'pull_requests:write'],
        repositoryIds: ['1'],
      });
      expect(asked.map(({ method, url, json }) => ({ method, url, json }))).toEqual([
        {
          method: 'POST',
          url: '/app/installations/52/access_tokens',
          json: { repositories: ['fleet'], permissions: { contents: 'write', pull_requests: 'write' } },
        },
      ]);
    },
  );
});

test('asks by ids as soon as all are known, and takes a repository of another name for the same', async () => {
  await withForge(
    () => ({ status: 201, body: { ...minted, repositories: [{ id: 7, name: 'renamed' }] } }),
    async ({ identity, asked }) => {
      const known = { ...request, repositories: [{ name: 'fleet', id: '7' }] };
      expect(await identity.mintToken(known, call())).toMatchObject({ repositoryIds: ['7'] });
      const half = { ...request, repositories: [{ name: 'fleet', id: '7' }, { name: 'renamed' }] };
      await identity.mintToken(half, call());
      expect(asked.map(({ json }) => json)).toEqual([
        { repository_ids: [7], permissions: { contents: 'write', pull_requests: 'write' } },
        { repositories: ['fleet', 'renamed'], permissions: { contents: 'write', pull_requests: 'write' } },
      ]);
    },
  );
});

test('a repository that is made anew under the same name is another one to who asks by id', async () => {
  await withForge(
    ({ method }) => (method === 'DELETE' ? { status: 204 } : { status: 201, body: minted }),
    async ({ identity, asked }) => {
      const known = { ...request, repositories: [{ name: 'fleet', id: '7' }] };
      expect(await failureOf(identity.mintToken(known, call()))).toMatchObject({ code: 'Malformed' });
      expect(asked.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
    },
  );
});

test('an id that the installation does not have any more is to be forgotten', async () => {
  await withForge(
    () =>
      refusal(
        422,
        'There is at least one repository that does not exist or is not accessible to the parent installation.',
      ),
    async ({ identity }) => {
      const known = { ...request, repositories: [{ name: 'fleet', id: '7' }] };
      expect(await failureOf(identity.mintToken(known, call()))).toMatchObject({
        code: 'NotFound',
        message:
          'github.com does not have fleet (id 7) in installation 52 of the App any more; it is looked for anew by its name',
      });
    },
  );
});

test.each([{ repositories: [] }, { permissions: [] }])(
  'nothing is sent for an empty list, which GitHub reads as "all": %j',
  async (empty) => {
    await withForge(
      () => ({ status: 201, body: minted }),
      async ({ identity, asked }) => {
        expect(await failureOf(identity.mintToken({ ...request, ...empty }, call()))).toMatchObject({
          code: 'Refused',
        });
        expect(asked).toEqual([]);
      },
    );
  },
);

test.each([
  [
    'another repository',
    {
      repositories: [
        { id: 1, name: 'fleet' },
        { id: 2, name: 'secrets' },
      ],
    },
  ],
  ['all repositories', { repository_selection: 'all' }],
  ['another permission', { permissions: { contents: 'write', administration: 'write' } }],
  ['a higher level', { permissions: { contents: 'admin' } }],
])('a token for %s is revoked and not given out', async (_, wider) => {
  await withForge(
    ({ method }) => (method === 'DELETE' ? { status: 204 } : { status: 201, body: { ...minted, ...wider } }),
    async ({ identity, asked }) => {
      const failure = await failureOf(identity.mintToken(request, call()));
      expect(failure).toMatchObject({
        code: 'Malformed',
        message: 'github.com minted a token for more than was asked for; it is not used',
      });
      expect(asked.slice(1).map(({ method, url, headers }) => [method, url, headers.authorization])).toEqual([
        ['DELETE', '/installation/token', `Bearer ${token}`],
      ]);
    },
  );
});

test('a token for too much is not given out when it cannot be revoked either', async () => {
  await withForge(
    ({ method }) =>
      method === 'DELETE'
        ? { status: 500, body: '' }
        : { status: 201, body: { ...minted, repository_selection: 'all' } },
    async ({ identity }) => {
      expect(await failureOf(identity.mintToken(request, call()))).toMatchObject({ code: 'Malformed' });
    },
  );
});

test.each<[string, Answer, string, RegExp]>([
  [
    'a permission that was not granted',
    refusal(422, 'The permissions requested are not granted to this installation.'),
    'PermissionsMissing',
    /has not granted the App contents:write and pull_requests:write; grant that in the App's settings and accept it where it is installed$/,
  ],
  [
    'a repository that the App is not on',
    refusal(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    ),
    'NotInstalled',
    /does not have fleet in installation 52 of the App; add it there$/,
  ],
  [
    'an installation that is gone',
    refusal(404, 'Not Found'),
    'NotInstalled',
    /knows no installation 52 of the App; install the App/,
  ],
  [
    'an installation that is suspended',
    refusal(403, 'This installation has been suspended'),
    'Suspended',
    /suspended the App's installation; an owner unsuspends it in the installation's settings$/,
  ],
  [
    'an App that is not there',
    refusal(404, 'Integration not found'),
    'Unauthorized',
    /knows no App of this id; give the App's own appId/,
  ],
  [
    "a key that is not the App's",
    refusal(401, 'A JSON web token could not be decoded'),
    'Unauthorized',
    /does not accept the App's key/,
  ],
])('%s', async (_, answer, code, message) => {
  await withForge(
    () => answer,
    async ({ identity }) => {
      expect(await failureOf(identity.mintToken(request, call()))).toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
    },
  );
});
