import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startAcme, type Acme } from '../credentials/promoter.ts';
import { openPullRequest } from '../sandbox/forge/pull-requests.ts';
import { Stage } from './stage.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

/** With a branch release beside main, which has a file more. */
async function stage(): Promise<Stage> {
  const own = new Stage(acme, await acme.promoter());
  const { git } = acme.forge.world.repositories.require(own.own.fullName);
  await git.moveRefs([{ name: 'refs/heads/release', after: own.base(), force: false }]);
  await own.push({ 'NOTES.md': 'Of the release.\n' }, 'release');
  return own;
}

const intoRelease = { place: { baseBranch: 'release' } };

/** The lines that a pull request takes out and puts in. */
async function changes(own: Stage, number: number): Promise<string[]> {
  const { diff } = await acme.forge.diffOf(acme.forge.pullRequest(own.own.fullName, number));
  return diff.split('\n').filter((line) => /^[-+](?![-+])/.test(line));
}

test.each(['6.2.0', '6.3.0'])(
  'when the base branch is another one, the open pull request is made anew upon it: with %s',
  async (version) => {
    const own = await stage();
    await own.propose('6.2.0');
    const { pullRequest } = await own.propose(version, intoRelease);
    expect(own.pullRequests()).toHaveLength(1);
    expect(own.open()).toEqual([
      expect.objectContaining({ number: pullRequest.number, baseBranch: 'release' }),
    ]);
    expect(await changes(own, pullRequest.number)).toEqual([
      '-      version: 6.1.0 # {"$promotion": "apps:podinfo:staging"}',
      `+      version: ${version} # {"$promotion": "apps:podinfo:staging"}`,
    ]);
    own.asked();
    await own.propose(version, intoRelease);
    expect(own.asked()).toEqual(['POST /graphql repository']);
  },
);

test('what a person opened from our branch into another one stays theirs', async () => {
  const own = await stage();
  await own.propose('6.2.0');
  const { world } = acme.forge;
  const theirs = await openPullRequest(world, world.repositories.require(own.own.fullName), {
    title: 'Try it',
    headBranch: own.branch,
    baseBranch: 'release',
    author: acme.forge.createUser(`tester-of-${own.own.repository.owner}`),
    body: null,
    draft: false,
    maintainerCanModify: false,
    headSeen: own.head(),
  });
  const { pullRequest } = await own.propose('6.3.0');
  expect(pullRequest.number).not.toBe(theirs.number);
  expect(own.open().map(({ baseBranch, title }) => [baseBranch, title])).toEqual([
    ['main', 'Promote apps/podinfo in staging to 6.3.0'],
    ['release', 'Try it'],
  ]);
});
