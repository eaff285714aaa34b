import { describe, expect, test } from '@jest/globals';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { isWhole } from '../asked.ts';
import { Fleet } from './fleet.ts';
import { setStage } from './stage.ts';

const stage = setStage('life');
const { open, start } = stage;

describe('a handler that throws', () => {
  test('at every change: it is told of, and all changes are followed', async () => {
    const broken = new Error('broken handler');
    const scene = await start({
      onChange: () => {
        throw broken;
      },
    });
    await stage.fleet.change();
    await scene.recovered('a handler that throws');
    expect(scene.asked()).toEqual({ whole: 1, following: 0 });
    expect(new Set(scene.troubles)).toEqual(new Set([String(broken)]));
  });

  test('at the first pass over each key: the key comes again', async () => {
    const met = new Set<string>();
    const scene = await start({
      reconcile: (key) => {
        if (met.has(key)) return;
        met.add(key);
        throw new Error('broken pass');
      },
    });
    await stage.fleet.change();
    await scene.recovered('a pass that throws');
  });
});

describe.each(['stream', 'pages'] as const)('stop, where all objects are read by %s', (initial) => {
  test('during the list', async () => {
    const scene = await open({ initial });
    const silence = scene.proxy.plan({ on: isWhole, effect: { kind: 'silence' } });
    const started = scene.reflector.start();
    started.catch(() => undefined);
    await eventually('it lists', () => silence.hits() === 1);
    await scene.reflector.stop();
    await expect(started).rejects.toMatchObject({ name: 'AbortError' });
    await scene.close();
    expect(scene.proxy.asked).toHaveLength(1);
  });

  test('in the middle of the list', async () => {
    const scene = await open({ initial });
    const endless = scene.proxy.plan({
      on: isWhole,
      effect: { kind: 'cut', cut: (bytes) => [bytes.subarray(0, 50)] },
    });
    const started = scene.reflector.start();
    started.catch(() => undefined);
    await eventually('it lists', () => endless.hits() === 1);
    await scene.reflector.stop();
    await expect(started).rejects.toMatchObject({ name: 'AbortError' });
    await scene.close();
    expect(scene.proxy.asked).toHaveLength(1);
  });

  test('during the back-off', async () => {
    const scene = await open({ initial });
    scene.proxy.plan({ on: isWhole, effect: { kind: 'refuse', status: 500 }, times: Infinity });
    const started = scene.reflector.start();
    started.catch(() => undefined);
    await eventually('it waits', () => scene.troubles.length === 2);
    const { length } = scene.proxy.asked;
    await scene.reflector.stop();
    await expect(started).rejects.toMatchObject({ name: 'AbortError' });
    await scene.close();
    expect(scene.proxy.asked).toHaveLength(length);
  });
});

test('stop during a silent watch', async () => {
  const scene = await start();
  scene.watch.freeze();
  await scene.reflector.stop();
  await scene.close();
  expect(scene.asked()).toEqual({ whole: 1, following: 0 });
});

test('a double start starts once', async () => {
  const scene = await open();
  await Promise.all([scene.reflector.start(), scene.start(), scene.reflector.start()]);
  await stage.fleet.change();
  await scene.recovered('double start');
  expect(scene.asked()).toEqual({ whole: 1, following: 0 });
  expect(scene.proxy.watches).toHaveLength(1);
});

describe('a start after stop', () => {
  test('opens nothing when there was none before', async () => {
    const scene = await open();
    await scene.reflector.stop();
    await expect(scene.reflector.start()).rejects.toMatchObject({ name: 'AbortError' });
    await scene.close();
    expect(scene.proxy.asked).toEqual([]);
  });

  test('opens nothing again', async () => {
    const scene = await start();
    await scene.reflector.stop();
    await scene.reflector.start().catch(() => undefined);
    await scene.close();
    expect(scene.asked()).toEqual({ whole: 1, following: 0 });
  });
});

test('a namespace deleted while it is watched', async () => {
  const { cluster, fleet } = stage;
  const doomed = new Fleet(cluster, fleet.resource.group, await cluster.freshNamespace('doomed'));
  await doomed.createMany(20);
  const scene = await start({ fleet: doomed });
  await doomed.removeNamespace();
  await scene.recovered('namespace deleted');
  expect([...scene.reflector.store.keys()].filter((key) => key.startsWith(`${doomed.namespace}/`))).toEqual(
    [],
  );
  expect(scene.changes.filter((change) => change.startsWith('deleted '))).toHaveLength(20);
  expect(scene.asked()).toEqual({ whole: 1, following: 0 });
});

test('a definition deleted and applied again', async () => {
  const scene = await start();
  await stage.fleet.removeDefinition();
  await eventually('all are gone', () => scene.reflector.store.size === 0);
  await eventually('it is told', () => scene.troubles.includes('NotFound'));
  expect(scene.reflector.isServed).toBe(false);
  await stage.cluster.applyYaml(stage.fleet.definition);
  const since = performance.now();
  await stage.fleet.createMany(3);
  await scene.recovered('definition deleted and applied again', { since });
  expect(scene.reflector.isServed).toBe(true);
});
