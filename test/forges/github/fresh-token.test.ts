import { expect, test } from '@jest/globals';
import type { Forge } from '../../../src/forges/forge.ts';
import { refusal } from '../scripted.ts';
import { call, failureOf, id, withForge } from './opened.ts';

const move = (forge: Forge): Promise<unknown> =>
  forge.updatePullRequest({ number: 7, title: 't', body: 'b' }, call());
const pullRequest = {
  number: 7,
  html_url: 'https://github.com/acme/fleet/pull/7',
  state: 'open',
  title: 't',
  body: 'b',
  head: { ref: 'promotion/apps/podinfo/staging', sha: id('a'), repo: { id: 1 } },
  base: { ref: 'main', repo: { id: 1 } },
};

const noon = new Date('2026-11-26T12:00:00Z');
/** For as long as the test takes: the five seconds are not the machine's. */
const justMinted = { mintedAt: noon, now: () => noon };

test.each([401, 404])('a token that was just minted is tried again after %i', async (status) => {
  await withForge(
    (_, count) => (count < 3 ? refusal(status, 'Bad credentials') : { body: pullRequest }),
    async ({ forge, asked }) => {
      await expect(move(forge)).resolves.toMatchObject({ number: 7 });
      expect(asked).toHaveLength(3);
    },
    justMinted,
  );
});

test('so it is where GraphQL does not find the repository', async () => {
  const missing = {
    data: { repository: null },
    errors: [{ type: 'NOT_FOUND', message: 'Could not resolve' }],
  };
  const empty = { data: { repository: { id: 'R_1', base: null, head: null } } };
  await withForge(
    (_, count) => ({ body: count < 2 ? missing : empty }),
    async ({ forge, asked }) => {
      await expect(forge.look({ baseBranch: 'main', headBranch: 'p', paths: [] }, call())).resolves.toEqual({
        paths: [{ path: '' }],
        pullRequests: [],
      });
      expect(asked).toHaveLength(2);
    },
    justMinted,
  );
});

test('it is reported when it stays unknown, after five attempts', async () => {
  await withForge(
    () => refusal(401, 'Bad credentials'),
    async ({ forge, asked }) => {
      expect(await failureOf(move(forge))).toMatchObject({
        code: 'Unauthorized',
        message: expect.stringMatching(/does not accept the App's token any more/),
      });
      expect(asked).toHaveLength(5);
    },
    justMinted,
  );
});

test('a token that is older than five seconds is reported at once, and so is a stored one', async () => {
  for (const options of [{ mintedAt: new Date(Date.now() - 6_000) }, {}]) {
    await withForge(
      () => refusal(401, 'Bad credentials'),
      async ({ forge, asked }) => {
        expect(await failureOf(move(forge))).toMatchObject({ code: 'Unauthorized' });
        expect(asked).toHaveLength(1);
      },
      options,
    );
  }
});

test('another refusal is not tried again', async () => {
  await withForge(
    () => refusal(403, 'Resource not accessible by integration'),
    async ({ forge, asked }) => {
      expect(await failureOf(move(forge))).toMatchObject({ code: 'PermissionsMissing' });
      expect(asked).toHaveLength(1);
    },
    justMinted,
  );
});

test('waiting ends when it is asked to', async () => {
  const controller = new AbortController();
  await withForge(
    () => {
      controller.abort(new Error('stop'));
      return refusal(401, 'Bad credentials');
    },
    async ({ forge }) => {
      await expect(
        forge.updatePullRequest({ number: 7, title: 't', body: 'b' }, { signal: controller.signal }),
      ).rejects.toThrow('stop');
    },
    justMinted,
  );
});
