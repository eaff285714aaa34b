import { describe, expect, test } from '@jest/globals';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { isFollowing, isNextPage, isWhole } from '../asked.ts';
import type { Effect } from '../fault-proxy.ts';
import { errorEvent, type Scene } from './scene.ts';
import { setStage } from './stage.ts';

const stage = setStage('refusals');
const { open, start } = stage;
const statuses = [500, 429, 401, 403, 410] as const;

function refusal(status: number): Effect {
  return { kind: 'refuse', status, ...(status === 429 ? { retryAfterSeconds: 1 } : {}) };
}

function codeOf(status: number): string {
  return (
    { 500: 'Unavailable', 429: 'TooManyRequests', 401: 'Unauthorized', 403: 'Forbidden', 410: 'Gone' }[
      status
    ] ?? ''
  );
}

/** Whether it says that it may not, while it is told so. */
async function told(scene: Scene, status: number): Promise<void> {
  await eventually('it is told', () => scene.troubles.includes(codeOf(status)));
  expect(scene.reflector.isPermitted).toBe(status !== 401 && status !== 403);
}

describe.each(['stream', 'pages'] as const)('on the list (%s)', (initial) => {
  test.each(statuses)('%d', async (status) => {
    const scene = await open({ initial });
    const refused = scene.proxy.plan({ on: isWhole, effect: refusal(status), times: Infinity });
    const started = scene.start();
    await told(scene, status);
    expect(scene.reflector.hasSynced).toBe(false);
    await stage.fleet.change();
    refused.lift();
    await scene.recovered(`${status} on the list (${initial})`);
    await started;
    expect(scene.reflector.isPermitted).toBe(true);
  });
});

describe('on the watch', () => {
  test.each(statuses.filter((status) => status !== 410))('%d', async (status) => {
    const scene = await start();
    const refused = scene.proxy.plan({ on: isFollowing, effect: refusal(status), times: Infinity });
    scene.watch.reset();
    await told(scene, status);
    await stage.fleet.change();
    refused.lift();
    await scene.recovered(`${status} on the watch`);
    expect(scene.asked().whole).toBe(1);
    expect(scene.reflector.isPermitted).toBe(true);
  });

  test('410', async () => {
    const scene = await start();
    scene.proxy.plan({ on: isFollowing, effect: refusal(410) });
    scene.watch.reset();
    await stage.fleet.change();
    await scene.recovered('410 on the watch');
    expect(scene.asked()).toEqual({ whole: 2, following: 1 });
    expect(scene.troubles).toEqual(['Unavailable']);
  });
});

describe('as an event of the watch', () => {
  test.each([
    [410, 2, []],
    [500, 1, ['Unavailable']],
  ])('ERROR %d', async (status, whole, troubles) => {
    const scene = await start();
    scene.watch.inject(errorEvent(status));
    await stage.fleet.change();
    await scene.recovered(`ERROR event ${status}`);
    expect(scene.asked().whole).toBe(whole);
    expect(scene.troubles).toEqual(troubles);
  });

  test('ERROR 410 while all objects come', async () => {
    const scene = await open();
    const cut = (bytes: Buffer): Uint8Array[] => [Buffer.from(`${errorEvent(410)}\n`), bytes];
    scene.proxy.plan({ on: isWhole, effect: { kind: 'cut', cut } });
    await scene.start();
    await scene.recovered('ERROR event 410 while all objects come');
    expect(scene.troubles).toEqual(['Gone']);
  });
});

test('an expired continue token in the middle of a list', async () => {
  await stage.fleet.createMany(600);
  const scene = await open({ initial: 'pages' });
  const expired = scene.proxy.plan({ on: isNextPage, effect: refusal(410), times: 2 });
  const started = scene.start();
  await eventually('it was met', () => expired.hits() === 2);
  await stage.fleet.change();
  await scene.recovered('expired continue token');
  await started;
  expect(scene.troubles).toEqual(['Gone', 'Gone']);
});
