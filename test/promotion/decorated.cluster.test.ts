import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pipelineObject } from '../e2e/objects.ts';
import { startScene, type Scene, type Stage } from '../e2e/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
}, 180_000);
afterAll(async () => await scene.stop());

const wishes = { labels: ['promotion', 'from dev'], reviewers: ['ada', 'grace'], draft: true };

/** The Pipeline of a stage with more to say about its pull requests. */
async function wish(stage: Stage): Promise<void> {
  const object = pipelineObject(stage.namespace) as {
    spec: { promotion: { strategy: { pullRequest: object } } };
  }; // made just now
  Object.assign(object.spec.promotion.strategy.pullRequest, wishes);
  await stage.apply(object);
}

test.each(['githubApp', 'token'] as const)(
  'a pull request made by a %s is a draft with labels, and its reviewers are asked',
  async (credential) => {
    const stage = await scene.stage(`decorated-${credential.toLowerCase()}`, { credential });
    for (const login of wishes.reviewers) {
      const { world } = scene.world.forge;
      const { id } = world.accounts.byLogin(login) ?? scene.world.forge.createUser(login);
      world.repositories.require(stage.repository).collaborators.set(id, 'write');
    }
    await wish(stage);
    await stage.release();
    const { promotion } = await stage.eventually(
      'a pull request is open',
      ({ promotion: made }) => made?.phase === 'Proposed',
    );
    const [pullRequest, ...others] = stage.proposal.pullRequests;
    expect(others).toEqual([]);
    expect(pullRequest).toMatchObject({ number: promotion?.pullRequest?.number, draft: true });
    expect(pullRequest?.labels.map(({ name }) => name)).toEqual(wishes.labels);
    expect(pullRequest?.reviewers.map(({ login }) => login)).toEqual(wishes.reviewers);
    expect(
      scene.world.forge.log.entries().filter(({ owner, status }) => owner === stage.login && status >= 400),
    ).toEqual([]);
  },
);
