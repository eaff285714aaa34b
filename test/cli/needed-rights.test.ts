import { expect, test } from '@jest/globals';
import { NeededRights, statusRights } from '../../src/cli/needed-rights.ts';
import type { Right } from '../../src/kube/access-review.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { Denials } from '../../src/telemetry/denials.ts';

const update: Right = {
  verb: 'update',
  group: 'coordination.k8s.io',
  resource: 'leases',
  namespace: 'platform',
  name: 'keeper',
};
const away = new KubeError('Unavailable', 'POST: away');

/** A standby that asks for its Lease and the status of Pipelines; its rounds go on one by one. */
function asking(answer: (right: Right) => boolean | KubeError) {
  const denials = new Denials({ election: 'leases', 'status-pipelines': 'pipelines/status' });
  const troubles: unknown[] = [];
  const asked: Right[] = [];
  const waits: number[] = [];
  let [round, next] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const needed = new NeededRights({
    rights: [update, ...statusRights('pipelines')],
    haveRight: async (right) => {
      asked.push(right);
      const said = answer(right);
      if (said instanceof KubeError) throw said;
      return await Promise.resolve(said);
    },
    denials,
    onTrouble: (thrown) => troubles.push(thrown),
    wait: async (ms, signal) => {
      waits.push(ms);
      round.resolve();
      await Promise.race([
        next.promise,
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
      ]);
    },
  });
  return {
    needed,
    denials,
    troubles,
    asked,
    waits,
    asksOnce: () => round.promise,
    asksAgain: async () => {
      round = Promise.withResolvers();
      next.resolve();
      next = Promise.withResolvers();
      await round.promise;
    },
    denied: () => denials.facts().flatMap(({ denied }) => denied),
  };
}

const never = new AbortController().signal;

test('one that has all of them is denied nothing, and asks for them each hour', async () => {
  const { needed, asked, denied, troubles, waits, asksOnce } = asking(() => true);
  needed.start(never);
  await asksOnce();
  expect(asked).toEqual([
    update,
    { verb: 'patch', group: 'lockkeeper.dev', resource: 'pipelines', subresource: 'status' },
  ]);
  expect([denied(), troubles]).toEqual([[], []]);
  expect(waits[0]).toBeGreaterThanOrEqual(54 * 60_000);
  await needed.stop();
});

test('what is missing is denied although nobody has tried it, until it is granted, which is looked for soon', async () => {
  let isGranted = false;
  const { needed, denied, troubles, waits, asksOnce, asksAgain } = asking(() => isGranted);
  needed.start(never);
  await asksOnce();
  expect(denied()).toEqual(['update leases', 'patch pipelines/status']);
  expect(troubles.map(String)).toEqual([
    expect.stringMatching(/we may not update leases\.coordination\.k8s\.io, and need to .*; install /),
    expect.stringMatching(/we may not patch pipelines\/status\.lockkeeper\.dev, and need to .*; install /),
  ]);
  expect(waits[0]).toBeLessThanOrEqual(11_000);
  isGranted = true;
  await asksAgain();
  expect(denied()).toEqual([]);
  expect(waits[1]).toBeGreaterThanOrEqual(54 * 60_000);
  await needed.stop();
});

test('one that is missing beside one that is held is looked for soon too', async () => {
  const { needed, denied, waits, asksOnce } = asking(({ resource }) => resource === 'leases');
  needed.start(never);
  await asksOnce();
  expect(denied()).toEqual(['patch pipelines/status']);
  expect(waits[0]).toBeLessThanOrEqual(11_000);
  await needed.stop();
});

test('no answer is no denial, and takes none back', async () => {
  let answer: boolean | KubeError = away;
  const { needed, denied, troubles, asksOnce, asksAgain } = asking(() => answer);
  needed.start(never);
  await asksOnce();
  expect(denied()).toEqual([]);
  expect(troubles).toEqual([away, away]);
  answer = false;
  await asksAgain();
  answer = away;
  await asksAgain();
  expect(denied()).toEqual(['update leases', 'patch pipelines/status']);
  await needed.stop();
});

test('it ends when it is asked to, which is no trouble', async () => {
  const asked = new AbortController();
  const { needed, troubles, asksOnce } = asking(() => true);
  needed.start(asked.signal);
  await asksOnce();
  asked.abort();
  await needed.stop();
  await needed.stop();
  expect(troubles).toEqual([]);
});
