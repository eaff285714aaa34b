import { describe, expect, test } from '@jest/globals';
import { contentLimits } from '../../src/cli/content-limits.ts';
import { forge } from '../../src/cli/forge-config.ts';

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

describe('a limit of the configuration', () => {
  const read = (budget: object) => forge.safeParse({ host: 'github.com', provider: 'github', budget });

  test.each([{}, { contentPerMinute: 0 }, { contentPerMinute: 10, contentPerHour: 1_000_000 }])(
    '%j is taken',
    (budget) => {
      expect(read(budget).data?.budget).toEqual(budget);
    },
  );

  test.each([
    [{ contentPerMinute: 5 }, 'must be 0, for no limit, or at least 10: one promotion takes up to 6 calls'],
    [{ contentPerHour: -1 }, 'must be 0, for no limit, or at least 10: one promotion takes up to 6 calls'],
    [{ contentPerHour: 80.5 }, 'Invalid input: expected int, received number'],
    [{ perMinute: 80 }, 'Unrecognized key: "perMinute"'],
  ])('%j is refused', (budget, message) => {
    expect(read(budget).error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});
