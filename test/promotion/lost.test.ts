import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { minuteMs, startAcme, type Acme } from '../credentials/promoter.ts';
import { fleetFiles } from '../sandbox/fleet.ts';
import { openPullRequest } from '../sandbox/forge/pull-requests.ts';
import { Stage } from './stage.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

/** A stage with an open pull request, whose repository was then made anew under its old name. */
async function madeAnew(): Promise<Stage> {
  const own = new Stage(acme, await acme.promoter());
  own.run('dev', '6.2.0');
  await own.settle();
  const { fullName, installation } = own.own;
  const { repositories } = acme.forge.world;
  await repositories.delete(repositories.require(fullName));
  const { id } = await acme.forge.createRepository(fullName, fleetFiles('6.1.0'));
  installation.repositories = new Set([id]);
  // A token that was minted for the old one does not open the new one.
  own.own.clock.advance(60 * minuteMs);
  return own;
}

/** A person's pull request, with the number that ours had. */
async function openTheirs({ own: { fullName, repository } }: Stage): Promise<void> {
  const headSeen = await acme.forge.commitFiles(fullName, 'theirs', { 'NOTES.md': '1\n' }, 'One');
  const { git } = acme.forge.world.repositories.require(fullName);
  await git.moveRefs([{ name: 'refs/heads/base', after: headSeen, force: false }]);
  const head = await acme.forge.commitFiles(fullName, 'theirs', { 'NOTES.md': '2\n' }, 'Two');
  await openPullRequest(acme.forge.world, acme.forge.world.repositories.require(fullName), {
    title: 'Theirs',
    body: null,
    headBranch: 'theirs',
    baseBranch: 'base',
    draft: false,
    maintainerCanModify: false,
    author: acme.forge.createUser(`person-of-${repository.owner}`),
    headSeen: head,
  });
}

describe('in a repository that was made anew under its old name', () => {
  test('the pull request that is not there any more is opened again', async () => {
    const own = await madeAnew();
    await own.settle(minuteMs);
    expect(own.pullRequests().map(({ state, title }) => [state, title])).toEqual([
      ['open', 'Promote apps/podinfo in staging to 6.2.0'],
    ]);
    expect(own.staging.promotion).toMatchObject({ phase: 'Proposed', pullRequest: { number: 1 } });
    expect(own.staging.barred).toBeUndefined();
  });

  test.each([
    ['while ours would be open', '6.1.0'],
    ['when there is nothing left to promote', '6.2.0'],
  ])('one of a person that has its number is left alone: %s', async (_, staging) => {
    const own = await madeAnew();
    await openTheirs(own);
    own.run('staging', staging);
    for (let minutes = 0; minutes < 3; minutes += 1) await own.settle(minuteMs);
    expect(own.pullRequests()[0]).toMatchObject({ number: 1, title: 'Theirs', state: 'open', comments: [] });
    expect(own.staging.promotion?.pullRequest?.number).toBe(staging === '6.1.0' ? 2 : undefined);
  });
});

test('a repository that cannot be read has lost nothing', async () => {
  const own = new Stage(acme, await acme.promoter());
  own.run('dev', '6.2.0');
  await own.settle();
  own.own.installation.repositories = new Set();
  await own.pass(minuteMs);
  expect(own.staging.promotion).toMatchObject({ phase: 'Proposed', pullRequest: { number: 1 } });
  expect(own.waiting).toMatch(/^(NotInstalled|RepositoryNotFound): /);
});
