import { describe, expect, test } from '@jest/globals';
import type { Answer, Asked } from '../scripted.ts';
import { call, failureOf, id, withForge } from './opened.ts';

const branch = 'promotion/apps/podinfo/staging';

/** A forge with one branch that only moves from where it is; what it says when it does not is up to the test. */
function refs(
  start: string | undefined,
  refusal: object = { type: 'UNPROCESSABLE', message: 'Something about the ref' },
) {
  const state = { at: start, mutations: 0 };
  const answer = ({ json }: Asked): Answer => {
    const { query, variables } = json as {
      query: string;
      variables: { updates?: [{ beforeOid: string; afterOid: string }] };
    }; // our own request
    if (query.includes('query Id')) return { body: { data: { repository: { id: 'R_1' } } } };
    if (query.includes('query Find')) {
      const ref = state.at === undefined ? null : { target: { oid: state.at } };
      return { body: { data: { repository: { ref } } } };
    }
    state.mutations += 1;
    const [{ beforeOid, afterOid } = { beforeOid: '', afterOid: '' }] = variables.updates ?? [];
    if (beforeOid !== (state.at ?? id('0')))
      return { body: { data: { updateRefs: null }, errors: [refusal] } };
    state.at = afterOid === id('0') ? undefined : afterOid;
    return { body: { data: { updateRefs: { clientMutationId: null } } } };
  };
  return { state, answer };
}

describe('a branch moves only if it is where we last saw it', () => {
  test('made where there was none', async () => {
    const { state, answer } = refs(undefined);
    await withForge(answer, async ({ forge, asked }) => {
      expect(await forge.moveBranch({ branch, to: id('a') }, call())).toBe('moved');
      expect(state.at).toBe(id('a'));
      expect(asked.at(-1)?.json).toMatchObject({
        variables: {
          id: 'R_1',
          updates: [{ name: `refs/heads/${branch}`, beforeOid: id('0'), afterOid: id('a'), force: true }],
        },
      });
    });
  });

  test('moved, in one request once the repository is known', async () => {
    const { state, answer } = refs(id('a'));
    await withForge(answer, async ({ forge, asked }) => {
      expect(await forge.moveBranch({ branch, from: id('a'), to: id('b') }, call())).toBe('moved');
      const first = asked.length;
      expect(await forge.moveBranch({ branch, from: id('b'), to: id('c') }, call())).toBe('moved');
      expect(asked.length - first).toBe(1);
      expect(state.at).toBe(id('c'));
    });
  });

  test('stale: it is gone, and GitHub says so in that way', async () => {
    const { answer } = refs(undefined, { type: 'NOT_FOUND', message: 'Could not resolve to a ref' });
    await withForge(answer, async ({ forge }) => {
      expect(await forge.moveBranch({ branch, from: id('a'), to: id('b') }, call())).toBe('stale');
    });
  });

  test.each([
    ['somebody moved it', id('e'), id('a')],
    ['somebody made it', id('e'), undefined],
    ['somebody deleted it', undefined, id('a')],
  ])('stale: %s', async (_, at, from) => {
    const { state, answer } = refs(at);
    await withForge(answer, async ({ forge }) => {
      expect(
        await forge.moveBranch({ branch, to: id('b'), ...(from === undefined ? {} : { from }) }, call()),
      ).toBe('stale');
      expect(state.at).toBe(at);
    });
  });

  test('a repetition after a lost answer is stale, and a look shows the branch where it should be', async () => {
    const { state, answer } = refs(id('a'));
    let isLost = true;
    await withForge(
      (asked) => {
        const said = answer(asked);
        if (!asked.body.includes('mutation') || !isLost) return said;
        isLost = false;
        return 'lost';
      },
      async ({ forge }) => {
        const move = { branch, from: id('a'), to: id('b') };
        expect(await failureOf(forge.moveBranch(move, call()))).toMatchObject({ code: 'Unavailable' });
        expect(await forge.moveBranch(move, call())).toBe('stale');
        expect(state.at).toBe(id('b'));
      },
    );
  });

  test('a refusal that is not about where it is stays an error', async () => {
    const words = 'Repository rule violations found. Cannot update this protected ref.';
    await withForge(
      ({ body }) =>
        body.includes('mutation')
          ? { body: { data: null, errors: [{ type: 'UNPROCESSABLE', message: words }] } }
          : { body: { data: { repository: { id: 'R_1', ref: { target: { oid: id('a') } } } } } },
      async ({ forge }) => {
        expect(
          await failureOf(forge.moveBranch({ branch, from: id('a'), to: id('b') }, call())),
        ).toMatchObject({
          code: 'Refused',
          message: `github.com refused to move the promotion branch in acme/fleet: ${words}`,
        });
      },
    );
  });

  test('a limit is reported at once, and nothing more is asked', async () => {
    await withForge(
      ({ body }) =>
        body.includes('mutation')
          ? { body: { data: null, errors: [{ message: 'You have exceeded a secondary rate limit.' }] } }
          : { body: { data: { repository: { id: 'R_1', ref: null } } } },
      async ({ forge, asked }) => {
        expect(await failureOf(forge.moveBranch({ branch, to: id('a') }, call()))).toMatchObject({
          code: 'RateLimited',
          retryAt: expect.any(Date),
        });
        expect(asked.at(-1)?.body).toContain('mutation');
      },
    );
  });

  test('a repository that was made anew is found again', async () => {
    let current = 'R_1';
    await withForge(
      ({ json, body }) => {
        if (!body.includes('mutation')) return { body: { data: { repository: { id: current, ref: null } } } };
        const { variables } = json as { variables: { id: string } }; // our own request
        return variables.id === current
          ? { body: { data: { updateRefs: {} } } }
          : { body: { data: null, errors: [{ type: 'NOT_FOUND', message: 'Could not resolve to a node' }] } };
      },
      async ({ forge }) => {
        expect(await forge.moveBranch({ branch, to: id('a') }, call())).toBe('moved');
        current = 'R_2';
        expect(await failureOf(forge.moveBranch({ branch, to: id('a') }, call()))).toMatchObject({
          code: 'NotFound',
        });
        expect(await forge.moveBranch({ branch, to: id('a') }, call())).toBe('moved');
      },
    );
  });
});

describe('a branch is deleted only if it is where we last saw it', () => {
  test.each([
    ['deleted', id('a'), undefined],
    ['deleted', undefined, undefined],
    ['stale', id('e'), id('e')],
  ])('%s when it is at %s', async (expected, at, after) => {
    const { state, answer } = refs(at);
    await withForge(answer, async ({ forge }) => {
      expect(await forge.deleteBranch({ branch, from: id('a') }, call())).toBe(expected);
      expect(state.at).toBe(after);
    });
  });
});
