import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import type { AppKey } from '../../../src/forges/identity.ts';
import { refusal, type Answer } from '../scripted.ts';
import { call, failureOf, withForge } from './opened.ts';

const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
const key: AppKey = { appId: '1400101', privateKey: new Secret(pem.toString()) };
const fleet = { owner: 'acme', name: 'fleet' };

const installation = {
  id: 52,
  account: { login: 'acme', type: 'Organization' },
  permissions: { contents: 'write', pull_requests: 'write', metadata: 'read' },
  app_slug: 'acme-promoter',
  repository_selection: 'selected',
  suspended_at: null,
};

const notFound = refusal(404, 'Not Found');

test('is found by the repository, with one request each time', async () => {
  await withForge(
    () => ({ body: installation }),
    async ({ identity, asked }) => {
      const found = {
        id: '52',
        account: 'acme',
        appLogin: 'acme-promoter[bot]',
        permissions: ['contents:write', 'metadata:read', 'pull_requests:write'],
        scope: {
          verdict: 'Least',
          granted: ['contents:write', 'metadata:read', 'pull_requests:write'],
          surplus: [],
          lacking: [],
          message: "the App's installation at acme has no more than a promotion needs",
        },
        repositorySelection: 'selected',
      };
      expect(await identity.findInstallation(key, { repository: fleet }, call())).toEqual(found);
      const named = { ...key, installationId: '52', installationOwner: 'Acme' };
      expect(await identity.findInstallation(named, { repository: fleet }, call())).toEqual(found);
      expect(asked.map(({ url }) => url)).toEqual(Array(2).fill('/repos/acme/fleet/installation'));
    },
  );
});

test.each([
  [
    'more by name and by level',
    { contents: 'write', pull_requests: 'write', administration: 'write', members: 'read', metadata: 'read' },
    [],
    {
      verdict: 'Broad',
      surplus: ['administration:write', 'members:read'],
      lacking: [],
      message:
        "the App's installation at acme also has administration:write, members:read, which a promotion does not need; take it away in the App's settings",
    },
  ],
  [
    'less',
    { contents: 'write', pull_requests: 'read', metadata: 'read' },
    [],
    {
      verdict: 'Insufficient',
      surplus: [],
      lacking: ['pull_requests:write'],
      message: "the App's installation at acme lacks pull_requests:write; grant it in the App's settings",
    },
  ],
  [
    'what these promotions need beside',
    { contents: 'write', pull_requests: 'write', workflows: 'write' },
    ['workflows:write'],
    { verdict: 'Least', surplus: [], lacking: [] },
  ],
  [
    'what some promotions need, and none did so far',
    { contents: 'write', pull_requests: 'write', workflows: 'write' },
    [],
    { verdict: 'Least', surplus: [], idle: ['workflows:write'], lacking: [] },
  ],
  [
    'not what these promotions need beside, and something else instead',
    { contents: 'admin', pull_requests: 'write', statuses: 'read' },
    ['workflows:write'],
    { verdict: 'Insufficient', surplus: ['contents:admin', 'statuses:read'], lacking: ['workflows:write'] },
  ],
])('that has %s is told so, exactly', async (_, permissions, alsoNeeds, scope) => {
  await withForge(
    () => ({ body: { ...installation, permissions } }),
    async ({ identity }) => {
      expect(await identity.findInstallation(key, { repository: fleet, alsoNeeds }, call())).toMatchObject({
        scope,
      });
    },
  );
});

test.each<[string, Record<string, Answer>, Partial<AppKey>, string, RegExp]>([
  [
    'nowhere',
    {},
    {},
    'NotInstalled',
    /^github.com does not have the App at acme; install it there on acme\/fleet, or correct the name$/,
  ],
  [
    'on chosen repositories of the organization, and not on this one',
    { '/orgs/acme/installation': { body: installation } },
    {},
    'NotInstalled',
    /^github.com has the App at acme but not on acme\/fleet; add the repository in the installation's settings, or correct the name$/,
  ],
  [
    'on chosen repositories of a user, and not on this one',
    { '/users/acme/installation': { body: installation } },
    {},
    'NotInstalled',
    /^github.com has the App at acme but not on acme\/fleet;/,
  ],
  [
    'on all repositories of the account, and there is no such',
    { '/orgs/acme/installation': { body: { ...installation, repository_selection: 'all' } } },
    {},
    'NotInstalled',
    /^github.com has the App at acme, on all of its repositories, and acme\/fleet is none of them; correct the name$/,
  ],
  [
    'suspended, as the repository tells',
    { '/repos/acme/fleet/installation': { body: { ...installation, suspended_at: '2026-01-01T00:00:00Z' } } },
    {},
    'Suspended',
    /^github.com has suspended the App's installation; an owner unsuspends it in the installation's settings$/,
  ],
  [
    'suspended, as the account tells',
    { '/orgs/acme/installation': { body: { ...installation, suspended_at: '2026-01-01T00:00:00Z' } } },
    {},
    'Suspended',
    /^github.com has suspended the App's installation; an owner unsuspends it/,
  ],
  [
    'suspended, as the refusal tells',
    { '/repos/acme/fleet/installation': refusal(403, 'This installation has been suspended') },
    {},
    'Suspended',
    /has suspended the App's installation; an owner unsuspends it/,
  ],
  [
    'another one than the key names',
    { '/repos/acme/fleet/installation': { body: installation } },
    { installationId: '51' },
    'NotInstalled',
    /installation 51 is not the one that acme\/fleet has at github.com, which is 52; correct installationId/,
  ],
  [
    'at another account than the key names',
    { '/repos/acme/fleet/installation': { body: installation } },
    { installationOwner: 'evil' },
    'NotInstalled',
    /the installation at evil is not the one that acme\/fleet has at github.com, which is at acme; correct the installation's owner/,
  ],
])('that is %s', async (_, answers, more, code, message) => {
  await withForge(
    ({ url }) => answers[url] ?? notFound,
    async ({ identity, asked }) => {
      expect(
        await failureOf(identity.findInstallation({ ...key, ...more }, { repository: fleet }, call())),
      ).toMatchObject({ code, message: expect.stringMatching(message) });
      expect(asked.length).toBeLessThanOrEqual(3);
    },
  );
});

test('that was made anew is found with its new id', async () => {
  let id = 52;
  await withForge(
    () => ({ body: { ...installation, id } }),
    async ({ identity }) => {
      await identity.findInstallation(key, { repository: fleet }, call());
      id = 53;
      expect(await identity.findInstallation(key, { repository: fleet }, call())).toMatchObject({ id: '53' });
    },
  );
});
