import { expect, test } from '@jest/globals';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { isWhole } from '../asked.ts';
import { setStage } from './stage.ts';

const stage = setStage('patience');
const minuteMs = 60_000;

test('the list fails for a minute', async () => {
  const scenes = await Promise.all(
    (['stream', 'pages'] as const).map(async (initial) => ({
      initial,
      scene: await stage.open({ initial }),
    })),
  );
  const failing = { on: isWhole, effect: { kind: 'refuse', status: 500 }, times: Infinity } as const;
  const running = scenes.map(({ initial, scene }) => ({
    initial,
    scene,
    failure: scene.proxy.plan(failing),
    started: scene.start(),
  }));
  const endsAt = performance.now() + minuteMs;
  await eventually('a minute is over', () => performance.now() > endsAt, { deadlineMs: 2 * minuteMs });
  await stage.fleet.change();
  for (const { failure } of running) failure.lift();
  await Promise.all(
    running.map(async ({ initial, scene, failure, started }) => {
      await scene.recovered(`the list fails for a minute (${initial})`, { withinMs: 60_000 });
      await started;
      // Less and less often, to about once a second: the server is not hammered while it is down.
      expect(failure.hits()).toBeLessThan(90);
    }),
  );
}, 180_000);
