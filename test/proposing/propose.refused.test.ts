import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { revisionOf } from '../../src/base/revision.ts';
import { startAcme, type Acme } from '../credentials/promoter.ts';
import { releaseManifest } from '../sandbox/fleet.ts';
import { promotionOf, Stage } from './stage.ts';
import { proposalOf } from '../../src/proposing/proposal.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

async function stage(): Promise<Stage> {
  return new Stage(acme, await acme.promoter());
}

const path = 'apps/podinfo/staging/release.yaml';
const marker = '# {"$promotion": "apps:podinfo:staging"}';
type Run = Parameters<Stage['run']>[1];

interface Refusal {
  readonly what: string;
  /** What a person pushed to main before; undefined removes the file. */
  readonly files?: Record<string, string | undefined>;
  readonly run?: Run;
  readonly reason: string;
  /** `REPO` stands for the repository's name. */
  readonly message: string;
}

const refusals: readonly Refusal[] = [
  {
    what: 'the base branch is gone',
    run: { place: { baseBranch: 'release' } },
    reason: 'BaseBranchNotFound',
    message: 'REPO has no branch release; create it or correct baseBranch',
  },
  {
    what: 'a path is absent',
    run: { place: { paths: ['apps/podinfo', 'apps/other'] } },
    reason: 'PathNotFound',
    message: 'main of REPO has nothing at apps/other; correct paths',
  },
  {
    what: 'there is no marker',
    files: { [path]: releaseManifest('staging', '6.1.0').replace(marker, '') },
    reason: 'MarkerNotFound',
    message: `no ${marker} in apps/podinfo in REPO; put it behind the version`,
  },
  {
    what: 'the marker is outside the paths',
    run: { place: { paths: ['apps/podinfo/prod'] } },
    reason: 'MarkerNotFound',
    message: `no ${marker} in apps/podinfo/prod in REPO; put it behind the version`,
  },
  {
    what: 'two different markers stand at one value',
    files: { [path]: `${marker.replace('staging', 'prod')}\nversion: 6.1.0 ${marker}\n` },
    reason: 'MarkersConflict',
    message: `${path}:2: `,
  },
  {
    what: 'the marker stands at something that is no single value',
    files: { [path]: `versions: ${marker}\n  - 6.1.0\n` },
    reason: 'MarkerNotScalar',
    message: `${path}:1: `,
  },
  {
    what: 'the file is not YAML',
    files: { [path]: `a: 1\nversion: [6.1.0 ${marker}\n` },
    reason: 'FileNotYaml',
    message: `${path}:`,
  },
  {
    what: 'the value is there already',
    files: { [path]: releaseManifest('staging', '6.2.0') },
    reason: 'AlreadyInGit',
    message: 'main of REPO already has 6.2.0 for staging',
  },
  {
    what: 'the value is there already, and it is the content behind it that is new',
    files: { [path]: releaseManifest('staging', '6.2.0') },
    run: {
      promotion: {
        revision: revisionOf({ version: '6.2.0', digest: 'sha256:new' }),
        running: revisionOf({ version: '6.2.0', digest: 'sha256:old' }),
      },
    },
    reason: 'DigestNotCarried',
    message:
      'staging runs 6.2.0 with another digest, and no marker carries one; add one with "$field": "digest"',
  },
];

describe('nothing is written and no write token minted when', () => {
  test.each(refusals)('$what', async ({ files, run, reason, message }) => {
    const own = await stage();
    if (files !== undefined) await own.push(files);
    const refused = await own.run('6.2.0', run);
    const expected = message.replace('REPO', `github.com/${own.own.fullName}`);
    expect(refused).toEqual({
      kind: 'refused',
      reason,
      message: expect.stringContaining(expected) as unknown,
    });
    expect(own.head()).toBeUndefined();
    expect(own.pullRequests()).toEqual([]);
    expect(
      acme.forge.log.entries().filter(({ method, route }) => method !== 'GET' && !route.includes('graphql')),
    ).toEqual([
      expect.objectContaining({ route: 'POST /app/installations/{installation_id}/access_tokens' }),
    ]);
  });
});

describe("a branch with somebody else's commit is left alone:", () => {
  test('a person pushed to it', async () => {
    const own = await stage();
    await own.propose('6.2.0');
    const theirs = await own.push({ 'README.md': 'and one more thing' }, own.branch);
    own.asked();
    expect(await own.run('6.2.0')).toEqual({
      kind: 'refused',
      reason: 'BranchTampered',
      message: `branch ${own.branch} is at ${theirs.slice(0, 12)}, which we did not make; merge or delete it`,
    });
    expect(await own.run('6.3.0')).toMatchObject({ reason: 'BranchTampered' });
    expect(own.asked()).toEqual(['POST /graphql repository', 'POST /graphql repository']);
    expect(own.head()).toBe(theirs);
  });

  test('a person wrote our trailers under it', async () => {
    const own = await stage();
    const { commitMessage } = proposalOf(promotionOf('6.2.0'), { changes: [] });
    await acme.forge.world.moveRefs(
      acme.forge.world.repositories.require(own.own.fullName),
      [{ name: `refs/heads/${own.branch}`, after: own.base(), force: false }],
      { actor: acme.forge.world.accounts.require('ada') },
    );
    await acme.forge.commitFiles(own.own.fullName, own.branch, { [path]: 'evil' }, commitMessage);
    expect(await own.run('6.2.0')).toMatchObject({ reason: 'BranchTampered' });
  });

  test('another installation made it', async () => {
    const own = await stage();
    await own.propose('6.2.0', { promotion: { instance: 'green' }, record: () => {} });
    own.asked();
    expect(await own.run('6.2.0')).toEqual({
      kind: 'refused',
      reason: 'OwnedByOtherInstance',
      message: `branch ${own.branch} belongs to installation green; delete it there or rename the Pipeline`,
    });
    expect(own.asked()).toEqual(['POST /graphql repository']);
  });

  test('and is used again when it is deleted', async () => {
    const own = await stage();
    await own.propose('6.2.0');
    await own.push({ 'README.md': 'and one more thing' }, own.branch);
    await acme.forge.deleteBranch(own.own.fullName, own.branch);
    const { commit } = await own.propose('6.2.0');
    expect(own.head()).toBe(commit.sha);
    expect(own.open()).toHaveLength(1);
  });
});

test("our own signed commit is known as ours by the forge's word, when the record of it is lost", async () => {
  const own = await stage();
  const { commit } = await own.propose('6.2.0', { record: () => {} });
  expect((await own.propose('6.2.0')).commit.sha).toBe(commit.sha);
});

describe('somebody who is quicker between our look and our move', () => {
  test('by making the branch, is not overwritten', async () => {
    const own = await stage();
    let theirs = '';
    const overtaken = await own.run('6.2.0', {
      record: async (_, remember) => {
        remember();
        theirs = await own.push({ 'README.md': 'mine' }, own.branch);
      },
    });
    expect(overtaken).toEqual({ kind: 'overtaken' });
    expect(own.head()).toBe(theirs);
    expect(own.pullRequests()).toEqual([]);
  });

  test('by pushing to it, is not overwritten and found at the next look', async () => {
    const own = await stage();
    await own.propose('6.2.0');
    let theirs = '';
    const overtaken = await own.run('6.3.0', {
      record: async (_, remember) => {
        remember();
        theirs = await own.push({ 'README.md': 'mine' }, own.branch);
      },
    });
    expect(overtaken).toEqual({ kind: 'overtaken' });
    expect(own.head()).toBe(theirs);
    expect(await own.run('6.3.0')).toMatchObject({ reason: 'BranchTampered' });
  });

  test('by opening a pull request from our branch, has opened the one pull request', async () => {
    const own = await stage();
    const proposed = await own.propose('6.2.0', {
      write: (write) => (act) =>
        write((forge) =>
          act({
            ...forge,
            openPullRequest: async (wanted, call) => {
              await forge.openPullRequest(wanted, call);
              return await forge.openPullRequest(wanted, call);
            },
          }),
        ),
    });
    expect(own.open().map(({ number }) => number)).toEqual([proposed.pullRequest.number]);
    expect(own.asked().filter((route) => route === 'POST /repos/{owner}/{repo}/pulls')).toHaveLength(2);
  });
});
