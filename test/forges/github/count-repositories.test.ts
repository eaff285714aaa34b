import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import type { Installation } from '../../../src/forges/identity.ts';
import { refusal, type Answer, type Asked } from '../scripted.ts';
import { call, failureOf, token, withForge } from './opened.ts';

const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
const key = { appId: '1400101', privateKey: new Secret(pem.toString()) };
const mint = 'POST /app/installations/52/access_tokens';
const list = 'GET /installation/repositories?per_page=1';
const revoke = 'DELETE /installation/token';

const installation: Installation = {
  id: '52',
  account: 'acme',
  appLogin: 'acme-promoter[bot]',
  permissions: ['contents:write', 'metadata:read', 'pull_requests:write'],
  scope: { verdict: 'Least', granted: [], surplus: [], lacking: [], message: '' },
  repositorySelection: 'selected',
};

/** A forge with an App on 200 repositories, but for what is told. */
function forgeOf(answers: Record<string, Answer> = {}): (asked: Asked) => Answer {
  const usual: Record<string, Answer> = {
    [mint]: {
      status: 201,
      body: { token, expires_at: '2026-11-24T11:00:00Z', permissions: { metadata: 'read' } },
    },
    [list]: { body: { total_count: 200, repository_selection: 'selected', repositories: [{}] } },
    [revoke]: { status: 204 },
  };
  return (asked) => answers[routeOf(asked)] ?? usual[routeOf(asked)] ?? refusal(404, 'Not Found');
}

function routeOf({ method, url }: Asked): string {
  return `${method} ${url}`;
}

test('is asked with a token that may read names alone, which is ended', async () => {
  await withForge(forgeOf(), async ({ identity, asked }) => {
    expect(await identity.countRepositories({ key, installation }, call())).toBe(200);
    expect(asked.map(routeOf)).toEqual([mint, list, revoke]);
    expect(asked[0]?.json).toEqual({ permissions: { metadata: 'read' } });
    expect(asked.slice(1).map(({ headers }) => headers.authorization)).toEqual(
      Array(2).fill(expect.stringContaining(token)),
    );
  });
});

test.each<[string, Record<string, Answer>, string, string[]]>([
  ['that does not count', { [list]: refusal(500, 'Server Error') }, 'Unavailable', [mint, list, revoke]],
  ['that mints nothing', { [mint]: refusal(404, 'Not Found') }, 'NotFound', [mint]],
  [
    'that gives more than was asked for',
    {
      [mint]: {
        status: 201,
        body: { token, permissions: { metadata: 'read', contents: 'write' } },
      },
    },
    'Malformed',
    [mint, revoke],
  ],
  [
    'that asks to wait, and is not asked again',
    {
      [list]: refusal(429, 'You have exceeded a secondary rate limit', { headers: { 'retry-after': '60' } }),
    },
    'RateLimited',
    [mint, list],
  ],
])('fails at a forge %s', async (_, answers, code, routes) => {
  await withForge(forgeOf(answers), async ({ identity, asked }) => {
    const failure = await failureOf(identity.countRepositories({ key, installation }, call()));
    expect(failure.code).toBe(code);
    expect(asked.map(routeOf)).toEqual(routes);
  });
});

test('is none for an App without any permission on repositories, and nothing is asked', async () => {
  await withForge(forgeOf(), async ({ identity, asked }) => {
    const permissions = ['organization_personal_access_tokens:read'];
    const where = { key, installation: { ...installation, permissions } };
    expect(await identity.countRepositories(where, call())).toBe(0);
    expect(asked).toEqual([]);
  });
});
