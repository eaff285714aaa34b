import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { EnvironmentStatus } from '../../src/api/pipeline-status.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { gate } from './gate.ts';
import { releasePath } from './objects.ts';
import { nextVersion, startScene, type Scene, type Stage } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  // Who follows on a crash would wait for the Lease to end: fifteen seconds in which nothing is to be seen.
  scene = await startScene({ controllerArgs: ['--leader-elect', 'false'] });
}, 180_000);
afterEach(() => scene.world.forge.faults.clear());
afterAll(async () => await scene.stop());

const lost = { kind: 'lostRequest' } as const;
const openingRoute = 'POST /repos/{owner}/{repo}/pulls';

/** No chance to say goodbye: what was on its way stays on its way. */
async function crash(): Promise<void> {
  const { controller } = scene.world;
  controller?.kill('SIGKILL');
  expect(await controller?.exited).toBe('SIGKILL');
}

async function commitInStatus(stage: Stage): Promise<string | undefined> {
  return (await stage.staging())?.promotion?.commit;
}

async function isProposed(stage: Stage, version: string): Promise<EnvironmentStatus> {
  return await stage.eventually(
    `a pull request for ${version} is open`,
    ({ promotion }) => promotion?.phase === 'Proposed' && promotion.revision.version === version,
  );
}

/** One pull request with the one change, and not a word of tampering. */
async function expectProposal(stage: Stage): Promise<void> {
  const { promotion } = await isProposed(stage, nextVersion);
  const { forge } = scene.world;
  const { head = '', pullRequests } = stage.proposal;
  expect(promotion).toMatchObject({ commit: head, pullRequest: { number: 1, state: 'Open' } });
  expect(pullRequests.map(({ title, state, headOid }) => ({ title, state, headOid }))).toEqual([
    {
      title: `Promote ${stage.namespace}/podinfo in staging to ${nextVersion}`,
      state: 'open',
      headOid: head,
    },
  ]);
  const before = await forge.readFiles(
    stage.repository,
    forge.branch(stage.repository, 'main') ?? '',
    () => true,
  );
  const path = releasePath('staging');
  const after = before.get(path)?.replace('version: 6.1.0', `version: ${nextVersion}`) ?? '';
  expect(await forge.readFiles(stage.repository, head, () => true)).toEqual(
    new Map([...before, [path, after]]),
  );
  expect(await stage.warnings()).not.toContain('BranchTampered');
}

// The forge vouches for what an App has made; whose commit a plain token's is, status alone can tell.
describe.each([
  ['a GitHub App', 'githubApp', 'app'],
  ['a token', 'token', 'pat'],
] as const)('with %s there is one pull request after a crash', (_, credential, prefix) => {
  test('between the record of the commit and the move of the branch', async () => {
    const stage = await scene.stage(`${prefix}-before-move`, { credential });
    const moving = gate();
    scene.world.forge.faults.add(
      { graphql: 'updateRefs', effect: { kind: 'hold', until: moving.until } },
      { graphql: 'updateRefs', effect: lost },
    );
    await stage.release();
    await moving.reached();
    expect(await commitInStatus(stage)).toMatch(/^[0-9a-f]{40}$/);
    expect(stage.proposal.head).toBeUndefined();

    await crash();
    moving.open();
    await scene.world.restartController();
    await expectProposal(stage);
  });

  test.each([
    ['a new branch', 'first', '6.1.0'],
    ['the branch of an open pull request', 'next', '6.1.5'],
  ])('even if %s moves only when the next controller is about to move it', async (_branch, which, before) => {
    const stage = await scene.stage(`${prefix}-late-move-${which}`, { credential });
    if (before !== '6.1.0') {
      await stage.release(before);
      await isProposed(stage, before);
    }
    const [first, second] = [gate(), gate()];
    scene.world.forge.faults.add(
      { graphql: 'updateRefs', effect: { kind: 'hold', until: first.until } },
      { graphql: 'updateRefs', after: 1, effect: { kind: 'hold', until: second.until } },
    );
    await stage.release();
    await first.reached();
    const commit = await commitInStatus(stage);

    await crash();
    await scene.world.restartController();
    await second.reached();
    first.open();
    await eventually('the branch moves for the first one', () => stage.proposal.head === commit);
    second.open();
    await expectProposal(stage);
  });

  test('between the move of the branch and the pull request', async () => {
    const stage = await scene.stage(`${prefix}-before-opening`, { credential });
    const opening = gate();
    scene.world.forge.faults.add(
      { route: openingRoute, effect: { kind: 'hold', until: opening.until } },
      { route: openingRoute, effect: lost },
    );
    await stage.release();
    await opening.reached();
    const { head, pullRequests } = stage.proposal;
    expect({ head, pullRequests }).toEqual({ head: await commitInStatus(stage), pullRequests: [] });

    await crash();
    opening.open();
    await scene.world.restartController();
    await expectProposal(stage);
    expect(stage.proposal.head).toBe(head);
  });

  test('even if the pull request is asked for once more when the next controller has opened it', async () => {
    const stage = await scene.stage(`${prefix}-late-opening`, { credential });
    const opening = gate();
    scene.world.forge.faults.add({ route: openingRoute, effect: { kind: 'hold', until: opening.until } });
    await stage.release();
    await opening.reached();

    await crash();
    await scene.world.restartController();
    await expectProposal(stage);
    const before = scene.world.forge.log.entries().length;
    opening.open();
    await eventually('the forge refuses it', () =>
      scene.world.forge.log
        .entries()
        .slice(before)
        .some(({ fault }) => fault === 'hold'),
    );
    await expectProposal(stage);
  });

  test('between the pull request and the word of it in status', async () => {
    const stage = await scene.stage(`${prefix}-after-opening`, { credential });
    const answering = gate();
    scene.world.forge.faults.add({
      route: openingRoute,
      effect: { kind: 'holdAnswer', until: answering.until },
    });
    await stage.release();
    await answering.reached();
    const { head, pullRequests } = stage.proposal;
    expect(pullRequests).toHaveLength(1);
    expect((await stage.staging())?.promotion?.pullRequest).toBeUndefined();

    await crash();
    answering.open();
    await scene.world.restartController();
    await expectProposal(stage);
    expect(stage.proposal.head).toBe(head);
  });
});
