import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import type { ObservedToken, Sighting } from '../../../src/forges/identity.ts';
import { refusal, type Answer, type Asked } from '../scripted.ts';
import { call, failureOf, token as ofApp, withForge } from './opened.ts';

const fine = new Secret(`github_pat_11${'A'.repeat(20)}_${'b'.repeat(59)}`);
const classic = new Secret(`ghp_${'a'.repeat(28)}12345678`);
const expiresAt = new Date('2026-12-24T10:31:26Z');

function row(more: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    id: 1,
    owner: { login: 'ada', id: 12, type: 'User' },
    repository_selection: 'subset',
    repositories_url: 'https://api.github.com/organizations/1/personal-access-tokens/1/repositories',
    permissions: { repository: { contents: 'write', pull_requests: 'write', metadata: 'read' } },
    access_granted_at: '2026-01-01T00:00:00Z',
    token_id: 7,
    token_name: 'promoter',
    token_expired: false,
    token_expires_at: '2026-12-24T10:31:26Z',
    token_last_used_at: '2026-11-24T08:00:00Z',
    ...more,
  };
}

function authorization(more: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    login: 'ada',
    credential_id: 1,
    credential_type: 'personal access token',
    token_last_eight: '12345678',
    credential_authorized_at: '2026-01-01T00:00:00Z',
    credential_accessed_at: '2026-11-24T08:00:00Z',
    authorized_credential_id: 2,
    ...more,
  };
}

async function sighting(
  observed: Partial<ObservedToken>,
  answer: Answer | ((asked: Asked) => Answer),
  observer = ofApp,
): Promise<{ readonly sighting: Sighting; readonly asked: readonly Asked[] }> {
  let result: { readonly sighting: Sighting; readonly asked: readonly Asked[] } | undefined;
  await withForge(typeof answer === 'function' ? answer : () => answer, async ({ identity, asked }) => {
    const whole = { token: fine, owner: 'ada', organization: 'acme', ...observed };
    const seen = await identity.sightingOf?.(new Secret(observer), whole, call());
    if (seen !== undefined) result = { sighting: seen, asked };
  });
  if (result === undefined) throw new Error('nobody was asked');
  return result;
}

describe('a fine-grained token', () => {
  test("is found in its organization's list by its owner and its end, with what it may do", async () => {
    const rows = [
      row({ owner: { login: 'eve' }, token_last_used_at: '2026-11-24T09:00:00Z' }),
      row({ token_expires_at: '2027-01-01T00:00:00Z' }),
      row({ token_expires_at: '2026-12-24T10:31:00Z', token_expired: true }),
      row({ token_expires_at: null }),
      row(),
    ];
    const { sighting: seen, asked } = await sighting({ expiresAt }, { body: rows });
    expect(seen).toEqual({
      kind: 'found',
      lastUsed: {
        time: new Date('2026-11-24T08:00:00Z'),
        precision: "the forge's own, which it does not tell",
      },
      scope: {
        verdict: 'Least',
        granted: ['contents:write', 'metadata:read', 'pull_requests:write'],
        surplus: [],
        lacking: [],
        message: 'the token has no more than a promotion needs',
      },
    });
    expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /orgs/acme/personal-access-tokens?per_page=100&page=1&owner[]=ada',
    ]);
  });

  test('whose end is not known is found when it is the only one of its owner', async () => {
    expect((await sighting({}, { body: [row()] })).sighting).toMatchObject({
      lastUsed: { precision: "the forge's own; the only token of its owner" },
    });
  });

  test('that was never used has no time', async () => {
    const { sighting: seen } = await sighting({ expiresAt }, { body: [row({ token_last_used_at: null })] });
    expect(seen).not.toHaveProperty('lastUsed');
    expect(seen).toMatchObject({ kind: 'found', scope: { verdict: 'Least' } });
  });

  test.each([
    [
      'more than is needed',
      row({
        permissions: {
          repository: { contents: 'write', pull_requests: 'write', administration: 'write' },
          organization: { members: 'read' },
          other: { gists: 'write' },
        },
      }),
      {
        verdict: 'Broad',
        surplus: ['administration:write', 'gists:write', 'members:read'],
        message:
          "the token also has administration:write, gists:write, members:read, which a promotion does not need; take it away on its page in its owner's settings",
      },
    ],
    [
      'less than is needed',
      row({ permissions: { repository: { contents: 'write' } } }),
      { lacking: ['pull_requests:write'] },
    ],
    [
      'all repositories',
      row({ repository_selection: 'all' }),
      { verdict: 'Broad', message: 'the token opens every repository of acme; choose those that it is for' },
    ],
  ])('with %s', async (_, listed, scope) => {
    expect((await sighting({ expiresAt }, { body: [listed] })).sighting).toMatchObject({ scope });
  });

  test.each<[string, Partial<ObservedToken>, Answer | ((asked: Asked) => Answer), RegExp]>([
    [
      'two look alike',
      { expiresAt },
      { body: [row(), row()] },
      /^acme lists 2 tokens of ada that look alike; give them different ends$/,
    ],
    [
      'none is listed',
      { expiresAt },
      { body: [row({ owner: { login: 'eve' } })] },
      /^acme lists no such token of ada;/,
    ],
    [
      'the observer may not see the list',
      { expiresAt },
      refusal(403, 'Resource not accessible by personal access token'),
      /^acme shows its fine-grained tokens only to a GitHub App .* with organization_personal_access_tokens:read; grant that/,
    ],
    [
      'the list has no end',
      { expiresAt },
      { body: Array.from({ length: 100 }, () => row({ owner: { login: 'eve' } })) },
      /^acme lists more than 300 tokens$/,
    ],
  ])('is not told apart when %s', async (_, observed, answer, why) => {
    const { sighting: seen, asked } = await sighting(observed, answer);
    expect(seen).toEqual({ kind: 'unknown', why: expect.stringMatching(why) });
    expect(asked.length).toBeLessThanOrEqual(3);
  });
});

describe('a classic token', () => {
  test('is found by its last eight characters among what is authorized for single sign-on', async () => {
    const rows = [
      authorization({ token_last_eight: '87654321' }),
      authorization(),
      authorization({ login: 'eve' }),
    ];
    const { sighting: seen, asked } = await sighting(
      { token: classic },
      { body: rows },
      `ghp_${'o'.repeat(36)}`,
    );
    expect(seen).toEqual({
      kind: 'found',
      lastUsed: {
        time: new Date('2026-11-24T08:00:00Z'),
        precision: "the forge's own, which it does not tell",
      },
    });
    expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /orgs/acme/credential-authorizations?per_page=100&page=1&login=ada',
    ]);
    // Neither the token nor a part of it is asked for.
    expect(JSON.stringify(asked)).not.toContain('12345678');
  });

  test('that was never used has no time', async () => {
    const body = [authorization({ credential_accessed_at: null })];
    expect((await sighting({ token: classic }, { body })).sighting).toEqual({ kind: 'found' });
  });

  test.each<[string, Answer, RegExp]>([
    [
      'it is not listed',
      { body: [] },
      /^acme lists no such token of ada as authorized for its single sign-on$/,
    ],
    [
      'it is listed twice',
      { body: [authorization(), authorization()] },
      /^acme lists more than one such token of ada/,
    ],
    [
      'the organization has no single sign-on',
      refusal(404, 'Not Found'),
      /^acme shows when tokens were used only where it has single sign-on, and to a token of an owner with read:org;/,
    ],
  ])('is not told of when %s', async (_, answer, why) => {
    expect((await sighting({ token: classic }, answer)).sighting).toEqual({
      kind: 'unknown',
      why: expect.stringMatching(why),
    });
  });
});

test("of an App's token nobody is told, so that nobody is asked", async () => {
  const { sighting: seen, asked } = await sighting({ token: new Secret(ofApp) }, { body: [] });
  expect(seen).toEqual({ kind: 'unknown', why: "GitHub tells nobody when an App's token was used" });
  expect(asked).toEqual([]);
});

test.each([
  ['a forge that fails', { status: 500, body: '' }, 'Unavailable'],
  ['an observer that is dead', refusal(401, 'Bad credentials'), 'Unauthorized'],
  ['a limit', refusal(403, 'You have exceeded a secondary rate limit.'), 'RateLimited'],
])('%s is an error, and not a list without the token', async (_, answer, code) => {
  await withForge(
    () => answer,
    async ({ identity }) => {
      const observed = { token: fine, owner: 'ada', organization: 'acme' };
      const asking = identity.sightingOf?.(new Secret(ofApp), observed, call()) ?? Promise.resolve();
      expect(await failureOf(asking)).toMatchObject({ code });
    },
  );
});
