import { describe, expect, jest, test } from '@jest/globals';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { isFollowing, isWatch, isWhole, type Asked } from '../asked.ts';
import type { Scene } from './scene.ts';
import { setStage } from './stage.ts';

const stage = setStage('connection');
const { open, start } = stage;
const ways = ['stream', 'pages'] as const;

test('reset in mid-watch', async () => {
  const scene = await start();
  scene.watch.reset();
  await stage.fleet.change();
  await scene.recovered('reset in mid-watch');
  expect(scene.asked()).toEqual({ whole: 1, following: 1 });
  expect(scene.troubles).toEqual(['Unavailable']);
});

describe.each(ways)('all objects are read by %s', (initial) => {
  test('reset before the answer', async () => {
    const scene = await open({ initial });
    const reset = scene.proxy.plan({ on: isWhole, effect: { kind: 'reset' }, times: 2 });
    const started = scene.start();
    await eventually('it was met', () => reset.hits() === 2);
    await stage.fleet.change();
    await scene.recovered(`reset before the answer (${initial})`);
    await started;
  });

  test('reset in the middle of it', async () => {
    const scene = await open({ initial });
    const reset = scene.proxy.plan({ on: isWhole, effect: { kind: 'reset', afterBytes: 500 }, times: 2 });
    const started = scene.start();
    await eventually('it was met', () => reset.hits() === 2);
    await stage.fleet.change();
    await scene.recovered(`reset in the middle of all objects (${initial})`);
    await started;
  });

  test('silence instead of it', async () => {
    const scene = await open({ initial, callTimeoutMs: 500, silenceMs: 500 });
    const silence = scene.proxy.plan({ on: isWhole, effect: { kind: 'silence' } });
    const started = scene.start();
    await eventually('it was met', () => silence.hits() === 1);
    await scene.recovered(`silence on the list (${initial})`);
    await started;
    expect(scene.troubles[0]).toBe('Timeout');
  });
});

const isStream = (asked: Asked): boolean => isWhole(asked) && isWatch(asked);

test('every long answer is reset', async () => {
  const scene = await open();
  const effect = { kind: 'reset', afterBytes: 500 } as const;
  const reset = scene.proxy.plan({ on: isStream, effect, times: Infinity });
  const started = scene.start();
  await scene.recovered('every long answer is reset');
  await started;
  await stage.fleet.change();
  await scene.recovered();
  expect(reset.hits()).toBe(2);
});

test('the answer to a watch for all objects is held back', async () => {
  // As in production, no head comes before the silence would be noticed.
  const scene = await open({ watchHeadMs: 500 });
  const held = scene.proxy.plan({ on: isStream, effect: { kind: 'silence' }, times: Infinity });
  const started = scene.start();
  await scene.recovered('the answer to a watch for all objects is held back');
  await started;
  expect(held.hits()).toBe(2);
  // The head of the watch that follows may be late by itself.
  expect(scene.troubles.slice(0, 2)).toEqual(['Unavailable', 'Unavailable']);
});

test('silence on the watch', async () => {
  const scene = await start({ silenceMs: 3_000 });
  scene.watch.freeze();
  await stage.fleet.change();
  await scene.recovered('silence on the watch');
  expect(scene.troubles).toContain('Timeout');
});

test('network partition', async () => {
  const scene = await start();
  scene.proxy.cut();
  await eventually('it tried again', () => scene.troubles.length >= 2);
  await stage.fleet.change();
  scene.proxy.mend();
  await scene.recovered('network partition');
});

/** Away while something changes; back with all objects read anew, or with what has changed since. */
async function away(
  scene: Scene,
  { forgotten }: { forgotten: boolean },
  change: () => Promise<void>,
): Promise<void> {
  if (forgotten) {
    const gone = { kind: 'refuse', status: 410 } as const;
    scene.proxy.plan({ on: isFollowing, effect: gone });
  }
  scene.proxy.cut();
  await eventually('it is away', () => scene.troubles.length > 0);
  await change();
  scene.proxy.mend();
}

describe.each([
  ['goes on from there', false, 1],
  ['reads all anew', true, 2],
] as const)('a boat changes while nobody hears of it, and who comes back %s', (how, forgotten, whole) => {
  test('one that was recreated with a new uid is told of as deleted and added', async () => {
    const name = await stage.fleet.create();
    const scene = await start();
    await away(scene, { forgotten }, () => stage.fleet.replace(name));
    await scene.recovered(`recreated with a new uid while disconnected, ${how}`);
    expect(scene.changes).toEqual([`deleted ${name}`, `added ${name}`]);
    expect(scene.asked().whole).toBe(whole);
  });

  test('one that was deleted is told of as deleted', async () => {
    const name = await stage.fleet.create();
    const scene = await start();
    await away(scene, { forgotten }, () => stage.fleet.remove(name));
    await scene.recovered(`deleted while disconnected, ${how}`);
    expect(scene.changes).toEqual([`deleted ${name}`]);
    expect(scene.asked().whole).toBe(whole);
  });
});

test('idle connections closed by the server', async () => {
  const scene = await start({ initial: 'pages' });
  for (const _ of [1, 2, 3]) {
    const { watch } = scene;
    scene.proxy.closeIdle();
    scene.expire();
    await stage.fleet.change();
    await scene.recovered('idle connections closed by the server');
    await scene.watchAfter(watch);
  }
  // Whatever was sent on a connection that was being closed was sent again.
  expect(scene.troubles).toEqual([]);
});

test('1,000 reconnects leak nothing', async () => {
  const scene = await start();
  const hurry = hurried();
  const reconnect = async (how: 'end' | 'reset'): Promise<void> => {
    const { watch } = scene;
    // Else the watch would have lasted for less than a second, and the next would be waited for.
    hurry.passMs(11_000);
    watch[how]();
    await scene.watchAfter(watch);
  };
  try {
    await reconnect('reset');
    const { open: sockets } = scene.proxy;
    const { listeners } = scene;
    for (let count = 1; count < 1_000; count += 1) await reconnect(count % 100 === 0 ? 'reset' : 'end');
    const isNoMore = (): boolean => scene.listeners <= listeners && scene.proxy.open <= sockets;
    await eventually('it holds no more than after one', isNoMore);
  } finally {
    hurry.end();
  }
  await stage.fleet.change();
  await scene.recovered('1,000 reconnects');
  expect(scene.asked()).toEqual({ whole: 1, following: 1_000 });
}, 120_000);

/** The runtime's clock, which can be put forward; its timers are real. */
function hurried(): { readonly passMs: (ms: number) => void; readonly end: () => void } {
  const now = performance.now.bind(performance);
  let ahead = 0;
  const spy = jest.spyOn(performance, 'now').mockImplementation(() => now() + ahead);
  return { passMs: (ms) => void (ahead += ms), end: () => spy.mockRestore() };
}
