import { expect, test } from '@jest/globals';
import { Changes } from '../../src/auditor/changes.ts';

test('what changes together is told together, each place once, and what comes later later', async () => {
  const told: string[][] = [];
  let next = Promise.withResolvers<void>();
  const changes = new Changes({
    gatherMs: () => 1,
    onGathered: (places) => {
      told.push([...places]);
      next.resolve();
    },
  });
  for (let times = 0; times < 1_000; times += 1) changes.add(times % 2 === 0 ? 'apps' : '');
  expect(told).toEqual([]);
  await next.promise;
  expect(told).toEqual([['apps', '']]);
  next = Promise.withResolvers();
  changes.add('shop');
  await next.promise;
  expect(told).toEqual([['apps', ''], ['shop']]);
  changes.close();
});

test('once closed it tells nothing, and leaves no timer behind', () => {
  const before = process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
  const changes = new Changes({ gatherMs: () => 60_000, onGathered: () => undefined });
  changes.add('apps');
  changes.close();
  changes.add('apps');
  expect(process.getActiveResourcesInfo().filter((each) => each === 'Timeout')).toHaveLength(before);
});
