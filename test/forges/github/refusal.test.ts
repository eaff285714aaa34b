import { describe, expect, test } from '@jest/globals';
import type { Forge } from '../../../src/forges/forge.ts';
import { refusal, type Said } from '../scripted.ts';
import { call, failureOf, id, withForge } from './opened.ts';

const commit = {
  parent: id('a'),
  baseTree: id('b'),
  files: [{ path: 'a.yaml', text: 'a: 1\n' }],
  message: 'm',
};
const makeCommit = (forge: Forge): Promise<unknown> => forge.createCommit(commit, call());
const now = new Date('2026-11-24T10:00:00Z');

describe('what GitHub refuses becomes one error that says what to do next', () => {
  const rows: readonly [string, Said, { code: string; message: RegExp; retryAt?: Date }][] = [
    [
      'a token that is not known',
      refusal(401, 'Bad credentials'),
      {
        code: 'Unauthorized',
        message: /^github.com does not accept the token: it is wrong, expired or revoked; replace it$/,
      },
    ],
    [
      'a permission that is missing',
      refusal(403, 'Resource not accessible by integration', {
        headers: { 'x-accepted-github-permissions': 'contents=write' },
      }),
      {
        code: 'PermissionsMissing',
        message: /does not let this credential make a commit in acme\/fleet; grant it contents:write$/,
      },
    ],
    [
      'a permission that is missing, and GitHub does not say which',
      refusal(403, 'Resource not accessible by personal access token'),
      { code: 'PermissionsMissing', message: /grant it contents:write$/ },
    ],
    [
      'a suspended installation',
      refusal(403, 'This installation has been suspended'),
      {
        code: 'Suspended',
        message: /suspended the App's installation; an owner unsuspends it in the installation's settings$/,
      },
    ],
    [
      'a token without single sign-on',
      refusal(
        403,
        'Resource protected by organization SAML enforcement. You must grant your OAuth token access to this organization.',
      ),
      { code: 'SSORequired', message: /authorized for the organization's single sign-on; let its owner/ },
    ],
    [
      'a scope that is missing, which is not the same as a permission',
      refusal(403, 'Must have admin rights to Repository.', {
        headers: {
          'x-oauth-scopes': 'public_repo',
          'x-accepted-oauth-scopes': 'repo, admin:org',
          'x-accepted-github-permissions': 'contents=write',
        },
      }),
      { code: 'PermissionsMissing', message: /grant it scope repo or admin:org$/ },
    ],
    [
      'an address that is not listed',
      refusal(
        403,
        'Although you appear to have the correct authorization credentials, the organization has an IP allow list enabled',
      ),
      { code: 'PermissionsMissing', message: /from listed addresses alone; list this cluster's$/ },
    ],
    [
      'a repository that is not there',
      refusal(404, 'Not Found'),
      {
        code: 'NotFound',
        message:
          /has nothing in acme\/fleet for this credential to make a commit; check the name, and that the credential is for it$/,
      },
    ],
    [
      'a repository that was renamed',
      {
        status: 301,
        headers: { location: 'https://elsewhere.example/' },
        body: { message: 'Moved Permanently' },
      },
      { code: 'NotFound', message: /acme\/fleet has moved; use its new name$/ },
    ],
    [
      'an archived repository',
      refusal(403, 'Repository was archived so is read-only.'),
      { code: 'Refused', message: /has archived acme\/fleet; unarchive it$/ },
    ],
    [
      'an empty repository',
      refusal(409, 'Git Repository is empty.'),
      { code: 'Refused', message: /has no commit in acme\/fleet yet; push a first one$/ },
    ],
    [
      'a rule of the repository',
      refusal(
        409,
        'Repository rule violations found\n\nCannot create ref due to creations being restricted.',
      ),
      {
        code: 'Refused',
        message:
          /refused to make a commit in acme\/fleet: Repository rule violations found Cannot create ref/,
      },
    ],
    [
      'another conflict',
      refusal(409, 'Merge conflict'),
      { code: 'Conflict', message: /could not make a commit just now: Merge conflict$/ },
    ],
    [
      'a workflow in the edit',
      refusal(
        403,
        'refusing to allow a GitHub App to create or update workflow `.github/workflows/a.yml` without `workflows` permission',
      ),
      { code: 'PermissionsMissing', message: /grant it workflows:write, or keep them out/ },
    ],
    [
      'a workflow in the edit of a token with scopes',
      refusal(
        422,
        'refusing to allow a Personal Access Token to create or update workflow `.github/workflows/a.yml` without `workflow` scope',
      ),
      {
        code: 'PermissionsMissing',
        message: /does not let this token change workflows; grant it scope workflow, or keep them out/,
      },
    ],
    [
      'a server that failed',
      { status: 502, body: '<html>Bad gateway</html>' },
      { code: 'Unavailable', message: /failed to make a commit \(502\); it is tried again$/ },
    ],
    [
      'something invalid',
      refusal(422, 'Validation Failed', { errors: [{ resource: 'Tree', field: 'sha', code: 'invalid' }] }),
      {
        code: 'Refused',
        message: /refused to make a commit in acme\/fleet: Validation Failed: sha invalid$/,
      },
    ],
    [
      'a wait that is named',
      refusal(403, 'You have exceeded a secondary rate limit', { headers: { 'retry-after': '90' } }),
      {
        code: 'RateLimited',
        message: /limits this credential until 2026-11-24T10:01:30Z$/,
        retryAt: new Date('2026-11-24T10:01:30Z'),
      },
    ],
    [
      'a wait of no time, which is a second at least',
      refusal(429, 'Too many', { headers: { 'retry-after': '0' } }),
      { code: 'RateLimited', message: /until/, retryAt: new Date('2026-11-24T10:00:01Z') },
    ],
    [
      'a wait of days, which is two hours at most',
      refusal(429, 'Too many', { headers: { 'retry-after': '999999' } }),
      { code: 'RateLimited', message: /until/, retryAt: new Date('2026-11-24T12:00:00Z') },
    ],
    [
      'a secondary limit without a time',
      refusal(
        403,
        'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
      ),
      {
        code: 'RateLimited',
        message: /until 2026-11-24T10:01:00Z$/,
        retryAt: new Date('2026-11-24T10:01:00Z'),
      },
    ],
    [
      'the hour that is used up, by the clock of GitHub',
      refusal(403, 'API rate limit exceeded for installation ID 5.', {
        headers: {
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': `${Date.parse('2026-11-24T10:10:00Z') / 1000}`,
          date: 'Tue, 24 Nov 2026 10:05:00 GMT',
        },
      }),
      {
        code: 'RateLimited',
        message: /until 2026-11-24T10:05:00Z$/,
        retryAt: new Date('2026-11-24T10:05:00Z'),
      },
    ],
    [
      '429',
      refusal(429, 'Too many'),
      { code: 'RateLimited', message: /until/, retryAt: new Date('2026-11-24T10:01:00Z') },
    ],
  ];

  test.each(rows)('%s', async (_, said, expected) => {
    await withForge(
      () => ({ ...said, headers: { 'x-github-request-id': 'AB12:34', ...said.headers } }),
      async ({ forge, asked }) => {
        const failure = await failureOf(makeCommit(forge));
        expect(failure).toEqual({
          name: 'ForgeError',
          code: expected.code,
          message: expect.stringMatching(expected.message),
          status: said.status,
          requestId: 'AB12:34',
          retryAt: expected.retryAt,
        });
        expect(asked).toHaveLength(1);
      },
      { now: () => now },
    );
  });
});

describe('what GraphQL refuses with 200 is told apart by its type', () => {
  const look = (forge: Forge): Promise<unknown> =>
    forge.look({ baseBranch: 'main', headBranch: 'p', paths: [] }, call());
  const rows: readonly [string, { type?: string; message: string }, { code: string; message: RegExp }][] = [
    [
      'RATE_LIMITED',
      { type: 'RATE_LIMITED', message: 'API rate limit exceeded' },
      { code: 'RateLimited', message: /until 2026-11-24T10:01:00Z$/ },
    ],
    [
      'NOT_FOUND',
      { type: 'NOT_FOUND', message: "Could not resolve to a Repository with the name 'acme/fleet'." },
      { code: 'NotFound', message: /shows no acme\/fleet to this credential; check the name/ },
    ],
    [
      'FORBIDDEN',
      { type: 'FORBIDDEN', message: 'Resource not accessible by integration' },
      { code: 'PermissionsMissing', message: /grant it contents:read and pull_requests:read/ },
    ],
    [
      'no type',
      { message: 'Something went wrong while executing your query.' },
      { code: 'Unavailable', message: /failed to look/ },
    ],
    [
      'no type, but words about a secondary limit',
      { message: 'You have exceeded a secondary rate limit. Please wait a few minutes.' },
      { code: 'RateLimited', message: /until 2026-11-24T10:01:00Z$/ },
    ],
    [
      'another type',
      { type: 'UNPROCESSABLE', message: 'No' },
      { code: 'Refused', message: /refused to look in acme\/fleet: No$/ },
    ],
  ];

  test.each(rows)('%s', async (_, error, expected) => {
    await withForge(
      () => ({ body: { data: { repository: null }, errors: [error] } }),
      async ({ forge }) => {
        const failure = await failureOf(look(forge));
        expect(failure).toMatchObject({
          code: expected.code,
          message: expect.stringMatching(expected.message),
          status: 200,
        });
      },
      { now: () => now },
    );
  });
});
