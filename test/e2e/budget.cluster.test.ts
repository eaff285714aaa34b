import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { callsOver } from '../bench/budget/arithmetic.ts';
import { startScene, type Scene, type Stage } from './scene.ts';

/** Two promotions of four calls each fit in, a third one does not. */
const contentPerMinute = 10;

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ budget: { contentPerMinute, contentPerHour: 0 } });
}, 180_000);
afterAll(() => scene.stop());

async function promoted(stage: Stage, version: string, deadlineMs?: number): Promise<void> {
  await stage.eventually(
    `${version} is proposed`,
    ({ promotion }) => promotion?.phase === 'Proposed' && promotion.revision.version === version,
    deadlineMs,
  );
}

const pipeline = z.object({
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string(), reason: z.string() })),
    summary: z.object({ waiting: z.string() }),
  }),
});

test('a Pipeline that waits for budget says until when, and opens its pull request then; others go on', async () => {
  const [stage, other] = await Promise.all([scene.stage('budget'), scene.stage('elsewhere')]);
  for (const version of ['6.2.0', '6.3.0']) {
    await stage.release(version);
    await promoted(stage, version);
  }
  await stage.release('6.4.0');
  const { waiting } = await stage.eventually(
    'it waits for budget',
    (staging) => staging.waiting?.reason === 'WaitingForBudget',
  );
  expect(waiting).toEqual({
    reason: 'WaitingForBudget',
    message: expect.stringMatching(
      /^budget\/podinfo staging waits for budget until \S+Z: github\.com takes 10 a minute calls of this account that create content$/,
    ),
    until: expect.any(String),
  });
  const path = '/apis/lockkeeper.dev/v1alpha1/namespaces/budget/pipelines/podinfo';
  const { status } = pipeline.parse((await scene.world.cluster.api('GET', path)).body);
  expect(status.conditions).toContainEqual({ type: 'Ready', status: 'True', reason: 'WaitingForBudget' });
  expect(status.summary.waiting).toMatch(/^staging: budget\/podinfo staging waits for budget until /);

  // Another credential has a budget of its own.
  await other.release('6.2.0');
  await promoted(other, '6.2.0');

  await promoted(stage, '6.4.0', 90_000);
  const own = scene.world.forge.log.entries().filter(({ owner }) => owner === stage.login);
  const content = own.filter(({ route }) => createsContent.test(route));
  expect(content).toHaveLength(12);
  expect(
    callsOver(
      content.map(({ startMs }) => startMs),
      { calls: contentPerMinute, ms: 60_000 },
    ),
  ).toBe(0);
  expect(content.at(-4)?.startMs).toBeGreaterThanOrEqual(Date.parse(waiting?.until ?? ''));
  expect(own.filter(({ status: answered }) => answered >= 400)).toEqual([]);
  expect(stage.proposal.pullRequests.map(({ title, state }) => [title, state])).toEqual([
    ['Promote budget/podinfo in staging to 6.4.0', 'open'],
  ]);
}, 240_000);

const createsContent = /^POST \/repos\/|^PATCH |^POST \/graphql updateRefs/;
