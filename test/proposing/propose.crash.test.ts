import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MarkerIndex } from '../../src/proposing/marker-index.ts';
import { startAcme, type Acme } from '../credentials/promoter.ts';
import { releaseManifest } from '../sandbox/fleet.ts';
import type { Fault } from '../sandbox/forge/faults.ts';
import { Crash, Stage } from './stage.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

type Breaking = Parameters<Stage['run']>[1];

/** The request whose effect happens and whose answer is lost. */
function lost(fault: Omit<Fault, 'effect'>): () => Breaking {
  return () => {
    acme.forge.faults.add({ ...fault, effect: { kind: 'lostAnswer' } });
    return {};
  };
}

interface Place {
  readonly where: string;
  readonly first: () => Breaking;
  /** Where a pull request is open already; as `first` when absent. */
  readonly next?: () => Breaking;
}

const places: readonly Place[] = [
  {
    where: 'the tree is made and no answer comes',
    first: lost({ route: 'POST /repos/{owner}/{repo}/git/trees' }),
  },
  {
    where: 'the commit is made and no answer comes',
    first: lost({ route: 'POST /repos/{owner}/{repo}/git/commits' }),
  },
  {
    where: 'the commit is made and not yet recorded',
    first: () => ({
      record: () => {
        throw new Crash('before the record');
      },
    }),
  },
  {
    where: 'the commit is recorded and the branch not yet moved',
    first: () => ({
      record: (_, remember) => {
        remember();
        throw new Crash('after the record');
      },
    }),
  },
  { where: 'the branch is moved and no answer comes', first: lost({ graphql: 'updateRefs' }) },
  {
    where: 'the pull request is open, or changed, and no answer comes',
    first: lost({ route: 'POST /repos/{owner}/{repo}/pulls' }),
    next: lost({ route: 'PATCH /repos/{owner}/{repo}/pulls/{pull_number}' }),
  },
  {
    where: 'everything is done but said',
    first: () => ({
      write: (write) => async (act) => {
        await write(act);
        throw new Crash('after the act');
      },
    }),
  },
];

describe.each(['an App', 'a token'] as const)('by %s: when it breaks off where', (kind) => {
  async function stage(): Promise<Stage> {
    const own = new Stage(acme, await acme.promoter());
    if (kind === 'a token') own.useToken(`person-of-${own.own.repository.owner}`);
    return own;
  }

  /** What is left after the next process has come to its end. */
  async function expectOne(own: Stage, version: string): Promise<void> {
    own.index = new MarkerIndex();
    const { commit, pullRequest } = await own.propose(version);
    expect(own.open().map(({ number, headOid }) => ({ number, headOid }))).toEqual([
      { number: pullRequest.number, headOid: commit.sha },
    ]);
    expect(own.head()).toBe(commit.sha);
    expect(own.open()[0]?.title).toBe(`Promote apps/podinfo in staging to ${version}`);
    expect(await own.fileAt(own.branch)).toBe(releaseManifest('staging', version));
    expect(await own.fileAt(own.branch, 'apps/podinfo/prod/release.yaml')).toBe(
      releaseManifest('prod', '6.1.0'),
    );
  }

  describe.each(places)('$where', ({ first, next = first }) => {
    test('the first proposal ends in one pull request', async () => {
      const own = await stage();
      await expectBroken(own.run('6.2.0', first()));
      await expectOne(own, '6.2.0');
      expect(own.pullRequests()).toHaveLength(1);
    });

    test('a newer version ends in the same pull request', async () => {
      const own = await stage();
      const { pullRequest } = await own.propose('6.2.0');
      await expectBroken(own.run('6.3.0', next()));
      await expectOne(own, '6.3.0');
      expect(own.pullRequests().map(({ number }) => number)).toEqual([pullRequest.number]);
    });

    test('and the version after it, when that comes first, ends in one pull request too', async () => {
      const own = await stage();
      await expectBroken(own.run('6.2.0', first()));
      await expectOne(own, '6.3.0');
      expect(own.pullRequests()).toHaveLength(1);
    });
  });
});

/** Broken off by us, or by an answer that did not come. */
async function expectBroken(work: Promise<unknown>): Promise<void> {
  await expect(work).rejects.toThrow(/^(before|after) the |^github\.com .* it is tried again/);
}

test('two controllers at once end in one pull request', async () => {
  const own = new Stage(acme, await acme.promoter());
  const ends = await Promise.allSettled([own.run('6.2.0'), own.run('6.2.0')]);
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  const { commit } = await own.propose('6.2.0');
  expect(own.pullRequests().map(({ headOid }) => headOid)).toEqual([commit.sha]);
});
