import { getEventListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { withDeadline } from '../../src/forges/deadline.ts';

const late = (): Error => new Error('late');
const until = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('work that ends in time gives what it gives, and leaves nothing behind', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
  const before = timers();
  const { signal } = new AbortController();
  const results = Array.from({ length: 50 }, (_, at) =>
    withDeadline({ signal }, { ms: 60_000, late }, async () => at),
  );
  expect(await Promise.all(results)).toEqual(Array.from({ length: 50 }, (_, at) => at));
  await expect(
    withDeadline({ signal }, { ms: 60_000, late }, () => Promise.reject(new Error('no'))),
  ).rejects.toThrow('no');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  // Jest and what ran before have some of their own, which come and go: fifty-one would be seen.
  expect(timers() - before).toBeLessThan(20);
});

test('work that takes longer is told to end and is late', async () => {
  const { signal } = new AbortController();
  await expect(withDeadline({ signal }, { ms: 1, late }, until)).rejects.toThrow('late');
});

test('the reason of the caller comes before the deadline', async () => {
  const controller = new AbortController();
  const working = withDeadline(controller, { ms: 60_000, late }, until);
  controller.abort('because');
  await expect(working).rejects.toBe('because');
  await expect(withDeadline(controller, { ms: 60_000, late }, () => Promise.resolve(1))).rejects.toBe(
    'because',
  );
});
