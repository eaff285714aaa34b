import { expect, test } from '@jest/globals';
import { DoubtWatch } from '../../src/auditor/doubt-watch.ts';

test('tells that doubt begins and that it ends, each once, and of no doubt that was there when it started', async () => {
  const said: (string | undefined)[] = ['old', 'old', 'new', 'new', undefined, undefined];
  const looked = Promise.withResolvers<void>();
  let current: string | undefined;
  const told: (string | undefined)[] = [];
  const watch = new DoubtWatch({
    doubt: () => {
      if (said.length === 1) looked.resolve();
      current = said.length > 1 ? said.shift() : said[0];
      return current;
    },
    everyMs: 1,
    onChange: () => told.push(current),
  });
  watch.start();
  await looked.promise;
  watch.close();
  expect(told).toEqual(['new', undefined]);
});

test('once closed it leaves no timer behind', () => {
  const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
  const before = timers();
  const watch = new DoubtWatch({ doubt: () => undefined, everyMs: 60_000, onChange: () => undefined });
  watch.start();
  watch.close();
  expect(timers()).toBe(before);
});
