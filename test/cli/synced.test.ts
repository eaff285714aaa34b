import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { untilSynced } from '../../src/cli/synced.ts';
import { reflectorFacts } from '../telemetry/facts.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Caches that are filled when they are told to be, and what was logged meanwhile. */
function filling() {
  const filled = Promise.withResolvers<void>();
  const asked = new AbortController();
  const told: string[] = [];
  const reflectors = [
    reflectorFacts(),
    reflectorFacts({ resource: 'namespaces', group: '', hasSynced: false, lastFailure: 'Unavailable' }),
    reflectorFacts({ resource: 'helmreleases', group: 'helm.toolkit.fluxcd.io', isServed: false }),
  ];
  const synced = untilSynced({
    caches: { start: () => filled.promise, facts: () => reflectors },
    signal: asked.signal,
    onMissing: (missing) => told.push(missing.join(' | ')),
  });
  return { filled, asked, told, synced };
}

test('waits for as long as it takes, and tells once a minute what is missing and why', async () => {
  const { filled, told, synced } = filling();
  await jest.advanceTimersByTimeAsync(9_999);
  expect(told).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  expect(told).toEqual([
    expect.stringMatching(
      /^cache-namespaces: has not been filled yet, last Unavailable; .* \| cache-helmreleases: .* apply the CustomResourceDefinition helmreleases\.helm\.toolkit\.fluxcd\.io: /,
    ),
  ]);
  await jest.advanceTimersByTimeAsync(10 * 60_000);
  expect(told).toHaveLength(11);
  filled.resolve();
  await synced;
  expect(jest.getTimerCount()).toBe(0);
});

test('is given up when it is asked to stop', async () => {
  const { asked, synced } = filling();
  asked.abort('SIGTERM');
  await expect(synced).rejects.toBe('SIGTERM');
  expect(jest.getTimerCount()).toBe(0);
});
