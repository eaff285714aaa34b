import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addMs, earliest, jittered, sleep, toTimestamp } from '../../src/base/time.ts';

const noon = new Date('2026-11-24T12:00:00.999Z');

test('a timestamp has whole seconds, as those of Kubernetes', () => {
  expect(toTimestamp(noon)).toBe('2026-11-24T12:00:00Z');
});

test('the first of some instants is found, and none of none', () => {
  const later = addMs(noon, 1);
  expect(earliest([later, noon, later])).toEqual(noon);
  expect(earliest([])).toBeUndefined();
});

test('a wait is changed at random within its share and no further', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(1e6), random, (ms, drawn) => {
      const wait = jittered(ms, 0.3, () => drawn);
      expect(wait).toBeGreaterThanOrEqual(ms * 0.7 - 1e-6);
      expect(wait).toBeLessThanOrEqual(ms * 1.3 + 1e-6);
    }),
  );
  expect([jittered(1_000, 0.1, () => 0), jittered(1_000, 0.1, () => 0.5)]).toEqual([900, 1_000]);
});

test('sleep ends after its time', async () => {
  await expect(sleep(1, new AbortController().signal)).resolves.toBeUndefined();
});

test('sleep ends with the reason when it is asked to, before or while it sleeps', async () => {
  const reason = new Error('shutting down');
  await expect(sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  const controller = new AbortController();
  const sleeping = sleep(60_000, controller.signal);
  controller.abort(reason);
  await expect(sleeping).rejects.toBe(reason);
});
