import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Environment, Pipeline } from '../../src/api/pipeline.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { minuteMs, startAcme, type Acme } from '../credentials/promoter.ts';
import { branch, Stage } from './stage.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

async function stage(): Promise<Stage> {
  return new Stage(acme, await acme.promoter());
}

/** The forge refuses to open pull requests for as long as this stands. */
function refusePullRequests(): void {
  acme.forge.faults.add({
    route: 'POST /repos/{owner}/{repo}/pulls',
    count: Infinity,
    effect: { kind: 'status', status: 503 },
  });
}

describe('an attempt that failed', () => {
  /** A stage whose App is not installed, after its first attempt. */
  async function notInstalled(): Promise<Stage> {
    const own = await stage();
    own.own.installation.uninstalled = true;
    own.run('dev', '6.2.0');
    await own.pass();
    expect(own.waiting).toMatch(/^NotInstalled: .*install it there/);
    own.asked();
    return own;
  }

  test('is made again after a second, then ever later, up to a hundred seconds', async () => {
    const own = await notInstalled();
    const delays: number[] = [];
    for (let attempts = 0; attempts < 10; attempts += 1) {
      const next = await own.pass();
      if (next === undefined) throw new Error('nothing is due');
      delays.push(next);
      await own.pass(next);
    }
    const wanted = [1, 2, 4, 8, 16, 32, 64, 100, 100, 100];
    for (const [index, delay] of delays.entries()) {
      expect(delay / 1_000).toBeGreaterThan((wanted[index] ?? 0) * 0.89);
      expect(delay / 1_000).toBeLessThan((wanted[index] ?? 0) * 1.11);
    }
  });

  test('stands while watches cause passes: the forge is not asked, status is not written, nothing is said twice', async () => {
    const own = await notInstalled();
    const { length } = own.written;
    for (let passes = 0; passes < 10; passes += 1) await own.pass(50);
    expect(own.asked()).toEqual([]);
    expect(own.written).toHaveLength(length);
    expect(own.said).toEqual([expect.stringMatching(/^Warning NotInstalled: staging: /)]);
  });

  test('is made again at once when the Pipeline is changed', async () => {
    const own = await notInstalled();
    own.changeSpec((spec) => ({ ...spec, revision: { from: 'Auto' } }));
    await own.pass();
    expect(own.asked()).not.toEqual([]);
  });

  test('is made again at once when the Credential is changed', async () => {
    const own = await notInstalled();
    const { metadata } = own.own.credential;
    own.credential = { ...own.own.credential, metadata: { ...metadata, generation: 2 } };
    await own.pass();
    expect(own.asked()).not.toEqual([]);
  });

  test('is made again at once when another use shows that the credential works', async () => {
    const own = await notInstalled();
    own.own.installation.uninstalled = false;
    own.own.uses.accepted('apps/acme-promoter', own.own.fullName, 'writing');
    await own.settle();
    expect(own.staging.promotion?.phase).toBe('Proposed');
  });

  test('is made again at once for a newer version', async () => {
    const own = await notInstalled();
    own.run('dev', '6.3.0');
    await own.pass();
    expect(own.asked()).not.toEqual([]);
  });

  test('comes to its end by itself when what was missing is there', async () => {
    const own = await notInstalled();
    own.own.installation.uninstalled = false;
    await own.settle((await own.pass()) ?? 0);
    expect(own.staging.promotion?.phase).toBe('Proposed');
    expect(own.condition('Ready')).toBe('True PullRequestOpen');
    expect(own.condition('Reconciling')).toBe('absent');
  });

  test("is not made again before the forge's own word", async () => {
    const own = await stage();
    own.run('dev', '6.2.0');
    acme.forge.faults.add({ effect: { kind: 'status', status: 429, headers: { 'retry-after': '600' } } });
    const next = await own.pass();
    expect(own.waiting).toMatch(/^RateLimited: github\.com limits this credential until \d{4}-\d\d-\d\dT/);
    expect(next).toBeGreaterThanOrEqual(10 * minuteMs - 1_000);
  });

  test('does not begin anew with each look at the pull request that is open meanwhile', async () => {
    const own = await stage();
    own.run('dev', '6.2.0');
    await own.settle();
    // There is no marker any more, so the newer version cannot be proposed.
    await acme.forge.commitFiles(
      own.own.fullName,
      'main',
      { 'apps/podinfo/staging/release.yaml': 'a: b\n' },
      'x',
    );
    own.run('dev', '6.3.0');
    own.asked();
    for (let seconds = 0; seconds < 300; seconds += 1) await own.pass(1_000);
    const attempts = own.asked().filter((route) => route === 'POST /graphql repository');
    // At 0, 1, 3, 7, 15, 31, 63, 127 and 227 s, more or less.
    expect(attempts.length).toBeLessThanOrEqual(11);
    expect(own.waiting).toMatch(/^MarkerNotFound: /);
  });
});

describe.each(['an App', 'a token'] as const)(
  'by %s: when the pass fails after the commit was recorded',
  (kind) => {
    async function interrupted(breaking: () => void): Promise<Stage> {
      const own = await stage();
      if (kind === 'a token') own.useToken(`person-of-${own.own.repository.owner}`);
      own.run('dev', '6.2.0');
      breaking();
      await own.pass();
      expect(own.waiting).toMatch(/^ForgeUnreachable: /);
      expect(own.staging.promotion).toMatchObject({ phase: 'Proposing', revision: { version: '6.2.0' } });
      acme.forge.faults.clear();
      return own;
    }

    test('the record stays, and the branch that moved without an answer is known as ours', async () => {
      const own = await interrupted(() =>
        acme.forge.faults.add({ graphql: 'updateRefs', effect: { kind: 'lostAnswer' } }),
      );
      const head = acme.forge.branch(own.own.fullName, branch);
      expect(own.staging.promotion?.commit).toBe(head);
      own.restart();
      await own.settle();
      expect(own.staging.promotion).toMatchObject({ phase: 'Proposed', commit: head });
      expect(own.pullRequests()).toHaveLength(1);
    });

    test('a source that goes back ends it, and the version may come again', async () => {
      const own = await interrupted(refusePullRequests);
      own.run('dev', '6.1.0');
      await own.settle();
      expect(own.staging.promotion?.phase).toBe('Superseded');
      expect(own.said.filter((line) => line.includes('staging runs 6.2.0'))).toEqual([]);
      own.run('dev', '6.2.0');
      await own.settle();
      expect(own.staging.promotion?.phase).toBe('Proposed');
    });

    test('a newer version that comes before the next attempt takes its place', async () => {
      const own = await interrupted(refusePullRequests);
      own.run('dev', '6.3.0');
      await own.settle();
      expect(own.pullRequests().map(({ title }) => title)).toEqual([
        'Promote apps/podinfo in staging to 6.3.0',
      ]);
    });
  },
);

test('a fault of our own is told of, tried again, and hides nothing of the other environments', async () => {
  const own = new Stage(acme, await acme.promoter(), ['dev', 'staging', 'prod']);
  own.credentials.set('apps/faulty', {
    ...own.own.credential,
    get spec(): never {
      throw new TypeError('canary is undefined');
    },
  });
  own.changeSpec((spec) => ({ ...spec, environments: spec.environments.map(withFaultyProd(spec)) }));
  own.run('dev', '6.2.0');
  own.run('prod', '6.0.0');
  const next = await own.settle();
  expect(own.staging.promotion?.phase).toBe('Proposed');
  const prod = own.stored.status?.environments?.find(({ name }) => name === 'prod');
  expect(prod?.waiting).toEqual({
    reason: 'Unexpected',
    message: "an unexpected failure (TypeError); read the controller's log, and report it",
  });
  expect(own.condition('Reconciling')).toBe('True Unexpected');
  expect(own.unexpected).toEqual([['apps/podinfo prod', new TypeError('canary is undefined')]]);
  expect(next).toBeGreaterThan(800);
});

/** Into prod with the Credential faulty. */
function withFaultyProd({ promotion }: Pipeline['spec']): (each: Environment) => Environment {
  const pullRequest = promotion?.strategy?.pullRequest;
  if (pullRequest === undefined) throw new Error('the Pipeline has no strategy');
  const strategy = { pullRequest: { ...pullRequest, credentialRef: { name: 'faulty' } } };
  return (each) => (each.name === 'prod' ? { ...each, promotion: { strategy } } : each);
}

describe('a pass that cannot go on', () => {
  test('because it is told to stop, throws and does not take that for a problem', async () => {
    const own = await stage();
    own.run('dev', '6.2.0');
    acme.forge.faults.add({ graphql: 'repository', effect: { kind: 'delay', ms: 1_000 } });
    await expect(own.pass(0, AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(own.written).toEqual([]);
    await own.settle();
    expect(own.staging.promotion?.phase).toBe('Proposed');
  });

  test('because the API server does not take the record, throws, and the branch does not move', async () => {
    const own = await stage();
    own.run('dev', '6.2.0');
    own.refuseStatus = () => {
      throw new Error('the API server is away');
    };
    await expect(own.pass()).rejects.toThrow('the API server is away');
    expect(acme.forge.branch(own.own.fullName, branch)).toBeUndefined();
    own.refuseStatus = undefined;
    await own.settle();
    expect(own.pullRequests()).toHaveLength(1);
  });

  test('because the Pipeline was deleted meanwhile, moves no branch', async () => {
    const own = await stage();
    own.run('dev', '6.2.0');
    own.refuseStatus = () => 'gone';
    expect(await own.pass()).toBeUndefined();
    expect(acme.forge.branch(own.own.fullName, branch)).toBeUndefined();
    // And has its write token revoked.
    expect(own.asked().at(-1)).toBe('DELETE /installation/token');
  });
});

describe('while the cache does not hold our last status yet', () => {
  test('what we wrote counts: nothing is proposed again, announced again or written again', async () => {
    const own = await stage();
    own.run('dev', '6.2.0');
    own.cached = own.stored;
    await own.settle();
    const before = { written: own.written.length, said: own.said.length };
    own.asked();
    await own.settle(1_000);
    expect(own.asked()).toEqual([]);
    expect({ written: own.written.length, said: own.said.length }).toEqual(before);
    // It catches up.
    own.cached = undefined;
    await own.settle(1_000);
    expect(own.written).toHaveLength(before.written);
  });

  test('each status is written over the version of the one before it', async () => {
    const own = await stage();
    own.run('dev', '6.2.0');
    own.cached = own.stored;
    await own.settle();
    expect(own.written.length).toBeGreaterThan(1);
    own.fail('dev', '6.2.0');
    await own.settle(1_000);
    expect(own.conflicts).toBe(0);
  });

  test('what others wrote since counts more', async () => {
    const own = await stage();
    own.run('dev', '6.2.0');
    own.cached = own.stored;
    await own.settle();
    const { metadata } = own.stored;
    const later = { ...metadata, resourceVersion: String(Number(metadata.resourceVersion) + 1) };
    own.stored = { ...own.stored, metadata: later, status: { environments: [] } };
    own.cached = own.stored;
    own.asked();
    await own.settle(1_000);
    // The pull request is found again by looking.
    expect(own.asked()).toEqual(['POST /graphql repository']);
    expect(own.pullRequests()).toHaveLength(1);
  });

  test('what the server was put back to counts, as soon as it has refused our next one', async () => {
    const own = await stage();
    const before = own.stored;
    own.cached = before;
    await own.settle();
    own.stored = before;
    own.run('dev', '6.2.0');
    own.refuseStatus = () => {
      own.refuseStatus = undefined;
      throw new KubeError('Conflict', 'the object has been modified');
    };
    await expect(own.pass()).rejects.toMatchObject({ code: 'Conflict' });
    own.cached = undefined;
    await own.settle();
    expect(own.conflicts).toBe(0);
    expect(own.staging.promotion).toMatchObject({ phase: 'Proposed' });
  });

  test('a Pipeline that was made anew under its name gets its own status, be it the same', async () => {
    const own = await stage();
    await own.settle();
    const { status: before, ...rest } = own.stored;
    own.stored = { ...rest, metadata: { ...rest.metadata, uid: 'uid-2', resourceVersion: '1' } };
    await own.settle();
    expect(own.written).toHaveLength(2);
    expect(own.stored.status).toEqual(before);
  });
});
