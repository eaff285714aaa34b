import { describe, expect, jest, test } from '@jest/globals';
import { boat } from '../boat.ts';
import { bookmark, end, event } from './reflecting.ts';
import { listOf, startedInTime, timedReflecting, useTimedApi } from './timed-api.ts';

/** What is known of a reflector from outside, and what a server bears of it, when watches end or nothing answers. */

useTimedApi();

const second = 1_000;
const minute = 60 * second;
const nothing = () => listOf([]);

test('each watch that ends is told of by how it ended', async () => {
  const { reflector, watches, restarts } = await startedInTime([nothing]);
  await jest.advanceTimersByTimeAsync(minute);
  watches.at(-1)?.end();
  await jest.advanceTimersByTimeAsync(minute);
  watches.at(-1)?.lose();
  await jest.advanceTimersByTimeAsync(second);
  watches.at(-1)?.write(event('ERROR', { kind: 'Status', code: 410 }));
  await jest.advanceTimersByTimeAsync(0);
  expect(restarts).toEqual(['Ended', 'Unavailable', 'Gone']);
  await reflector.stop();
});

test('which version the server is at is asked when a watch broke, and not when the server ended it after that', async () => {
  const { reflector, watches, asked } = await startedInTime([nothing]);
  watches.at(-1)?.lose();
  for (let watch = 1; watch <= 3; watch += 1) {
    await jest.advanceTimersByTimeAsync(40 * second);
    watches.at(-1)?.end();
  }
  await jest.advanceTimersByTimeAsync(second);
  expect(asked).toEqual(['list', 'watch', 'version', 'watch', 'watch', 'watch', 'watch']);
  await reflector.stop();
});

describe('in an outage', () => {
  test('it is tried more and more seldom, also after all went well for long', async () => {
    const { reflector, server, asked, watches } = await startedInTime([nothing]);
    await jest.advanceTimersByTimeAsync(15 * second);
    server.isDown = true;
    watches.at(-1)?.lose();
    asked.length = 0;
    await jest.advanceTimersByTimeAsync(minute);
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.length).toBeLessThan(40);
    await reflector.stop();
  });

  test('attempts that fail prove that we try, and not that the store is current', async () => {
    const { reflector, server, watches } = await startedInTime([nothing]);
    server.isDown = true;
    watches.at(-1)?.lose();
    for (let passed = second; passed <= 10 * minute; passed += second) {
      await jest.advanceTimersByTimeAsync(second);
      // The longest pause there is.
      expect(reflector.idleMs()).toBeLessThanOrEqual(3_500 * 1.3);
      expect(reflector.staleMs()).toBe(passed);
    }
    await reflector.stop();
  });
});

test('a store is not current before all has come, however much has', async () => {
  const { reflector, watches, changes } = await startedInTime([], { initial: 'stream' });
  await jest.advanceTimersByTimeAsync(30 * second);
  watches[0]?.write(event('ADDED', boat({ name: 'a' })), bookmark(8), event('ADDED', boat({ name: 'b' })));
  await jest.advanceTimersByTimeAsync(0);
  expect(changes).toHaveLength(2);
  expect([reflector.staleMs(), reflector.idleMs()]).toEqual([30 * second, 0]);
  watches[0]?.write(end(10));
  await jest.advanceTimersByTimeAsync(0);
  expect(reflector.staleMs()).toBe(0);
  await reflector.stop();
});

/** One of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('events that are all there let the event loop see to other things between them', async () => {
  jest.useRealTimers();
  const project = (object: unknown) => {
    const ends = performance.now() + 1;
    while (performance.now() < ends);
    return object as ReturnType<typeof boat>; // the test holds nothing else
  };
  const { reflector, watches, changes } = timedReflecting([], { initial: 'stream', project });
  reflector.start().catch(() => undefined);
  await turn();
  watches[0]?.write(
    ...Array.from({ length: 100 }, (_, index) => event('ADDED', boat({ name: `b${index}` }))),
  );
  await turn();
  await turn();
  expect(changes.length).toBeGreaterThan(0);
  expect(changes.length).toBeLessThan(100);
  await reflector.stop();
});
