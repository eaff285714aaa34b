import { describe, expect, test } from '@jest/globals';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { isFollowing, isWatch, type Asked } from '../asked.ts';
import type { Cutting } from '../relay.ts';
import { setStage } from './stage.ts';

const stage = setStage('lines');
const { open, start } = stage;

const malformed = [
  ['no JSON', 'so long'],
  ['half an event', '{"type":"ADDED","object":{"metadata":'],
  ['nothing in it', 'null'],
  ['a type that does not exist', '{"type":"SUNK","object":{"metadata":{"name":"a"}}}'],
] as const;

test.each(malformed)('a malformed line does not stop it: %s', async (what, line) => {
  // Not in this test.
  const scene = await start({ rereadMs: 600_000 });
  scene.watch.inject(line);
  await stage.fleet.change();
  await scene.recovered(`malformed line, ${what}`);
  expect(scene.asked()).toEqual({ whole: 1, following: 0 });
  expect(scene.troubles).toEqual(['Malformed']);
});

test.each(malformed)('a malformed line makes it read all anew in time: %s', async (_what, line) => {
  const scene = await start({ rereadMs: 200 });
  scene.watch.inject(line);
  await eventually('all is read anew', () => scene.asked().whole === 2);
  await stage.fleet.change();
  await scene.recovered();
});

test('an object without a name', async () => {
  const scene = await start();
  scene.watch.inject('{"type":"ADDED","object":{"metadata":{}}}');
  await stage.fleet.change();
  await scene.recovered('an object without a name');
  expect(scene.asked()).toEqual({ whole: 1, following: 0 });
  expect(scene.troubles).toEqual(['Malformed']);
});

test('a line longer than the limit', async () => {
  const scene = await start();
  scene.watch.inject(`{"type":"ADDED","object":{"fill":"${'x'.repeat(9 * 1024 * 1024)}"}}`);
  await stage.fleet.change();
  await scene.recovered('a line longer than the limit');
  expect(scene.asked().whole).toBe(2);
  expect(scene.troubles).toEqual(['Malformed']);
});

const single: Cutting = (bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte));

/** One to nine bytes, so that letters of several bytes are cut in every place. */
const random: Cutting = (bytes) => {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = 1 + Math.floor(Math.random() * 9);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
};

describe.each([
  ['single bytes', single],
  ['random pieces', random],
])('lines and letters split into %s', (what, cut) => {
  test.each(['stream', 'pages'] as const)('all objects are read by %s', async (initial) => {
    const scene = await open({ initial });
    const split = scene.proxy.plan({ on: () => true, effect: { kind: 'cut', cut }, times: Infinity });
    await scene.start();
    await stage.fleet.change();
    await scene.recovered(`lines split into ${what} (${initial})`);
    expect(scene.troubles).toEqual([]);
    expect(split.hits()).toBe(initial === 'stream' ? 1 : 2);
  });
});

test('bookmarks only', async () => {
  const scene = await open();
  // The server sends a bookmark two seconds before a watch ends, else once a minute.
  const effect = { kind: 'query', query: { timeoutSeconds: '4' } } as const;
  const short = scene.proxy.plan({ on: isWatch, effect, times: Infinity });
  await scene.start();
  const version = await stage.writeElsewhere();
  // That of the first watch may have been sent before the write.
  const isPast = ({ query }: Asked): boolean => BigInt(query['resourceVersion'] ?? '0') >= BigInt(version);
  const resumed = (): boolean => scene.proxy.asked.filter(isFollowing).some(isPast);
  await eventually('it goes on from behind the write', resumed, { deadlineMs: 20_000 });
  short.lift();
  await stage.fleet.change();
  await scene.recovered('bookmarks only');
  expect(scene.asked().whole).toBe(1);
  expect(scene.troubles).toEqual([]);
});
