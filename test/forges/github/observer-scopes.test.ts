import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import type { ScopeFacts, Subject } from '../../../src/forges/identity.ts';
import { refusal } from '../scripted.ts';
import { call, withForge } from './opened.ts';

const repository = { owner: 'acme', name: 'fleet' };
const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
const promotes = { contents: 'write', pull_requests: 'write', metadata: 'read' } as const;
const looks = { organization_personal_access_tokens: 'read', metadata: 'read' } as const;

async function ofApp(
  permissions: Record<string, string>,
  observes: Subject['observes'],
): Promise<ScopeFacts | undefined> {
  const body = {
    id: 52,
    account: { login: 'acme' },
    app_slug: 'acme-observer',
    repository_selection: 'selected',
    permissions,
  };
  const key = { appId: '1400101', privateKey: new Secret(pem.toString()) };
  let scope: ScopeFacts | undefined;
  await withForge(
    () => ({ body }),
    async ({ identity }) => {
      const subject = observes === undefined ? { repository } : { repository, observes };
      ({ scope } = await identity.findInstallation(key, subject, call()));
    },
  );
  return scope;
}

/** Of a classic token that is shown no repository. */
async function ofToken(scopes: string, observes: Subject['observes']): Promise<ScopeFacts | undefined> {
  let scope: ScopeFacts | undefined;
  await withForge(
    ({ url }) =>
      url === '/user'
        ? { body: { login: 'ada', id: 12, type: 'User' } }
        : refusal(404, 'Not Found', { headers: { 'x-oauth-scopes': scopes } }),
    async ({ identity }) => {
      const subject = observes === undefined ? { repository } : { repository, observes };
      ({ scope } = await identity.describeToken(new Secret(`ghp_${'a'.repeat(36)}`), subject, call()));
    },
  );
  return scope;
}

describe('what looks at tokens and does not promote', () => {
  test('as an App needs the one permission for that, and nothing that a promotion takes', async () => {
    expect(await ofApp(looks, 'only')).toMatchObject({
      verdict: 'Least',
      surplus: [],
      lacking: [],
      message: "the App's installation at acme has no more than looking at tokens needs",
    });
    expect(await ofApp({ ...looks, ...promotes, workflows: 'write' }, 'only')).toMatchObject({
      verdict: 'Broad',
      surplus: ['contents:write', 'pull_requests:write', 'workflows:write'],
      message: expect.stringContaining('which looking at tokens does not need'),
    });
    expect(await ofApp({ metadata: 'read' }, 'only')).toMatchObject({
      verdict: 'Insufficient',
      lacking: ['organization_personal_access_tokens:read'],
    });
  });

  test('as a classic token needs read:org, and need not be shown a repository', async () => {
    expect(await ofToken('read:org', 'only')).toEqual({
      verdict: 'Least',
      granted: ['read:org'],
      surplus: [],
      lacking: [],
      message: 'the token has no more than looking at tokens needs',
    });
    expect(await ofToken('admin:org, repo', 'only')).toMatchObject({
      verdict: 'Broad',
      surplus: ['admin:org', 'repo'],
      lacking: [],
      message:
        'the token also has admin:org, repo, which looking at tokens does not need; make one with read:org alone',
    });
    expect(await ofToken('repo', 'only')).toMatchObject({
      verdict: 'Insufficient',
      lacking: ['read:org'],
      message: 'the token lacks scope read:org, which looking at tokens takes; make one with it alone',
    });
  });
});

test('what promotes and looks at tokens as well has no surplus by that, and need not have it', async () => {
  expect(await ofApp({ ...promotes, ...looks }, 'also')).toMatchObject({ verdict: 'Least', surplus: [] });
  expect(await ofApp(promotes, 'also')).toMatchObject({ verdict: 'Least', lacking: [] });
  expect(await ofApp(looks, 'also')).toMatchObject({
    verdict: 'Insufficient',
    lacking: ['contents:write', 'pull_requests:write'],
  });
  expect(await ofToken('repo, read:org', 'also')).toMatchObject({ surplus: ['repo'] });
});

test('what nobody asks about tokens has that as a surplus', async () => {
  expect(await ofApp({ ...promotes, ...looks }, undefined)).toMatchObject({
    verdict: 'Broad',
    surplus: ['organization_personal_access_tokens:read'],
  });
  expect(await ofToken('repo, read:org', undefined)).toMatchObject({ surplus: ['repo', 'read:org'] });
});
