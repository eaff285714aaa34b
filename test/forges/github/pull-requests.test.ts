import { describe, expect, test } from '@jest/globals';
import { refusal } from '../scripted.ts';
import { call, failureOf, id, withForge } from './opened.ts';

const wanted = {
  headBranch: 'promotion/apps/podinfo/staging',
  baseBranch: 'main',
  title: 'T',
  body: 'B',
  draft: false,
};
const rest = {
  number: 7,
  html_url: 'https://github.com/acme/fleet/pull/7',
  state: 'open',
  merged_at: null,
  title: 'T',
  body: 'B',
  head: { ref: wanted.headBranch, sha: id('a'), repo: { id: 1 } },
  base: { ref: 'main', repo: { id: 1 } },
};
const open = {
  number: 7,
  url: rest.html_url,
  state: 'Open',
  title: 'T',
  body: 'B',
  headCommit: id('a'),
  headBranch: wanted.headBranch,
  baseBranch: 'main',
};
const exists = refusal(422, 'Validation Failed', {
  errors: [
    {
      resource: 'PullRequest',
      code: 'custom',
      message: 'A pull request already exists for acme:promotion/apps/podinfo/staging.',
    },
  ],
});
const noCommits = refusal(422, 'Validation Failed', {
  errors: [
    {
      resource: 'PullRequest',
      code: 'custom',
      message: 'No commits between main and promotion/apps/podinfo/staging',
    },
  ],
});

describe('there is one pull request for two branches', () => {
  test('opened, in one request', async () => {
    await withForge(
      () => ({ status: 201, body: rest }),
      async ({ forge, asked }) => {
        expect(await forge.openPullRequest(wanted, call())).toEqual(open);
        expect(asked.map(({ method, url, json }) => ({ method, url, json }))).toEqual([
          {
            method: 'POST',
            url: '/repos/acme/fleet/pulls',
            json: { title: 'T', body: 'B', head: wanted.headBranch, base: 'main', draft: false },
          },
        ]);
      },
    );
  });

  test('found when it is open already; one of a fork with the same branch name is not it', async () => {
    const ofFork = { ...rest, number: 5, head: { ref: wanted.headBranch, sha: id('9'), repo: { id: 2 } } };
    const ofDeletedFork = { ...rest, number: 6, head: { ref: wanted.headBranch, sha: id('9'), repo: null } };
    await withForge(
      ({ method }) => (method === 'POST' ? exists : { body: [ofFork, ofDeletedFork, rest] }),
      async ({ forge, asked }) => {
        expect(await forge.openPullRequest(wanted, call())).toEqual(open);
        const query = new URL(asked.at(-1)?.url ?? '', 'http://x').searchParams;
        expect(Object.fromEntries(query)).toMatchObject({
          head: `acme:${wanted.headBranch}`,
          base: 'main',
          state: 'open',
        });
      },
    );
  });

  test('a lost answer leaves one: repeating finds it', async () => {
    let opened = 0;
    await withForge(
      ({ method }) => {
        if (method !== 'POST') return { body: [rest] };
        opened += 1;
        return opened === 1 ? 'lost' : exists;
      },
      async ({ forge }) => {
        expect(await failureOf(forge.openPullRequest(wanted, call()))).toMatchObject({ code: 'Unavailable' });
        expect(await forge.openPullRequest(wanted, call())).toEqual(open);
      },
    );
  });

  test('a branch that was moved a moment ago may look empty: it is tried again', async () => {
    await withForge(
      (_, count) => (count < 3 ? noCommits : { status: 201, body: rest }),
      async ({ forge, asked }) => {
        expect(await forge.openPullRequest(wanted, call())).toEqual(open);
        expect(asked).toHaveLength(3);
      },
    );
  });

  test('and reported when it stays so', async () => {
    await withForge(
      () => noCommits,
      async ({ forge, asked }) => {
        expect(await failureOf(forge.openPullRequest(wanted, call()))).toMatchObject({
          code: 'Refused',
          message: expect.stringMatching(
            /refused to open a pull request in acme\/fleet: Validation Failed: No commits between main and/,
          ),
        });
        expect(asked).toHaveLength(4);
      },
    );
  });

  test('another refusal is reported at once', async () => {
    await withForge(
      () => refusal(422, 'Draft pull requests are not supported in this repository.'),
      async ({ forge, asked }) => {
        expect(await failureOf(forge.openPullRequest({ ...wanted, draft: true }, call()))).toMatchObject({
          code: 'Refused',
        });
        expect(asked).toHaveLength(1);
      },
    );
  });
});

test.each([
  ['open', null, 'Open'],
  ['closed', null, 'Closed'],
  ['closed', '2026-11-24T10:00:00Z', 'Merged'],
])('a pull request that is %s, merged at %s, is %s', async (state, mergedAt, expected) => {
  await withForge(
    () => ({ body: { ...rest, state, merged_at: mergedAt, body: null } }),
    async ({ forge }) => {
      expect(await forge.pullRequest(7, call())).toEqual({ ...open, body: '', state: expected });
    },
  );
});

test.each([
  ['open', false, true],
  ['open', true, undefined],
  ['open', null, undefined],
  ['closed', false, undefined],
])('a pull request that is %s and mergeable: %s conflicts: %s', async (state, mergeable, conflicts) => {
  await withForge(
    () => ({ body: { ...rest, state, mergeable } }),
    async ({ forge }) => expect((await forge.pullRequest(7, call())).conflicts).toBe(conflicts),
  );
});

describe('closing comments once and may be repeated', () => {
  test.each([null, '2026-11-24T10:00:00Z'])(
    'one that was closed since it was seen, merged at %s, stays as it is',
    async (mergedAt) => {
      await withForge(
        ({ url, method }) =>
          url.includes('/comments') && method === 'GET'
            ? { body: [{ body: 'C' }] }
            : { body: { ...rest, state: 'closed', merged_at: mergedAt } },
        async ({ forge, asked }) => {
          const closed = await forge.closePullRequest({ number: 7, comment: 'C' }, call());
          expect(closed.state).toBe(mergedAt === null ? 'Closed' : 'Merged');
          expect(asked.map(({ method }) => method)).toEqual(['GET', 'PATCH']);
        },
      );
    },
  );

  test('an open one gets the comment and is closed; when that fails, a repetition does not say it again', async () => {
    const comments: unknown[] = [];
    let isBroken = true;
    await withForge(
      ({ method, url, json }) => {
        if (url.includes('/comments') && method === 'GET') return { body: comments };
        if (url.includes('/comments')) {
          comments.push(json);
          return { status: 201, body: { id: 1 } };
        }
        if (isBroken) return { status: 502, body: '' };
        return { body: { ...rest, state: 'closed' } };
      },
      async ({ forge }) => {
        expect(await failureOf(forge.closePullRequest({ number: 7, comment: 'C' }, call()))).toMatchObject({
          code: 'Unavailable',
        });
        isBroken = false;
        expect(await forge.closePullRequest({ number: 7, comment: 'C' }, call())).toMatchObject({
          state: 'Closed',
        });
        expect(comments).toEqual([{ body: 'C' }]);
      },
    );
  });
});

describe('labels and reviewers', () => {
  test('are sent as they are, teams as teams', async () => {
    await withForge(
      () => ({ body: [] }),
      async ({ forge, asked }) => {
        await forge.decorate(
          { number: 7, labels: ['promotion'], reviewers: ['ada', 'acme/platform'] },
          call(),
        );
        expect(asked.map(({ url, json }) => ({ url, json }))).toEqual([
          { url: '/repos/acme/fleet/issues/7/labels', json: { labels: ['promotion'] } },
          {
            url: '/repos/acme/fleet/pulls/7/requested_reviewers',
            json: { reviewers: ['ada'], team_reviewers: ['platform'] },
          },
        ]);
      },
    );
  });

  test('nothing is sent for none', async () => {
    await withForge(
      () => ({ body: [] }),
      async ({ forge, asked }) => {
        await forge.decorate({ number: 7, labels: [], reviewers: [] }, call());
        expect(asked).toEqual([]);
      },
    );
  });

  test('a reviewer who is no collaborator is named', async () => {
    await withForge(
      () => refusal(422, 'Reviews may only be requested from collaborators.'),
      async ({ forge }) => {
        expect(
          await failureOf(forge.decorate({ number: 7, labels: [], reviewers: ['bob'] }, call())),
        ).toMatchObject({
          code: 'Refused',
          message:
            'github.com refused to ask bob to review in acme/fleet: Reviews may only be requested from collaborators.',
        });
      },
    );
  });
});
