import { expect, test } from '@jest/globals';
import { contentLimits } from '../../src/cli/content-limits.ts';

const minute = (calls: number): object => ({ calls, ms: 60_000 });
const hour = (calls: number): object => ({ calls, ms: 3_600_000 });

test.each([
  ['github.com', undefined, [minute(80), hour(500)]],
  ['octo.ghe.com', undefined, [minute(80), hour(500)]],
  ['github.corp', undefined, []],
  ['gitlab.com', undefined, []],
  ['github.com', { contentPerMinute: 40 }, [minute(40), hour(500)]],
  ['github.com', { contentPerMinute: 0, contentPerHour: 0 }, []],
  ['github.corp', { contentPerHour: 100 }, [hour(100)]],
])('%s with budget %j', (host, budget, limits) => {
  expect(contentLimits({ host, budget })).toEqual(limits);
});
