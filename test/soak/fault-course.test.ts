import { expect, test } from '@jest/globals';
import { FaultCourse } from './fault-course.ts';
import { faultNames, type FaultName } from './faults.ts';
import { Random } from '../random.ts';

/** A course in which these faults meet something; and each of its rounds, by the names of the faults of it. */
function courseIn(meets: (name: FaultName) => boolean) {
  const names: FaultName[] = [];
  let round = new AbortController();
  let left = 0;
  const course = new FaultCourse({
    strike: (name) => {
      names.push(name);
      if ((left -= 1) === 0) round.abort();
      return { hits: () => (meets(name) ? 1 : 0), lift: () => undefined };
    },
    random: new Random(7),
    pace: { leastMs: 0, mostMs: 0 },
    say: () => undefined,
  });
  const roundOf = async (faults: number): Promise<readonly FaultName[]> => {
    round = new AbortController();
    left = faults;
    names.length = 0;
    await course.run(round.signal);
    course.calm();
    return [...names];
  };
  return { course, roundOf };
}

test('each fault has its turn once, then they come at random', async () => {
  const { course, roundOf } = courseIn(() => true);
  const first = await roundOf(faultNames.length - 1);
  expect(course.isRound).toBe(false);
  expect([...first, ...(await roundOf(1))].toSorted()).toEqual(faultNames.toSorted());
  expect(course.isRound).toBe(true);
  expect(Object.values(course.tries())).toEqual(faultNames.map(() => ({ tried: 1, met: 1 })));
});

test('what met nothing comes first after the calm, until it has met something', async () => {
  let isAway = true;
  const away = new Set<FaultName>(['ERROR 410', 'watches are reset']);
  const { course, roundOf } = courseIn((name) => !isAway || !away.has(name));
  await roundOf(faultNames.length);
  expect(course.isRound).toBe(false);
  isAway = false;
  expect((await roundOf(2)).toSorted()).toEqual([...away].toSorted());
  expect(course.isRound).toBe(true);
  expect(course.tries()['ERROR 410']).toEqual({ tried: 2, met: 1 });
});

test('what never meets anything does not hold it up for ever, and is told', async () => {
  const { course, roundOf } = courseIn((name) => name !== 'ERROR 500');
  await roundOf(faultNames.length);
  for (let time = 1; time < 6; time += 1) {
    expect(course.isRound).toBe(false);
    expect(await roundOf(1)).toEqual(['ERROR 500']);
  }
  expect(course.isRound).toBe(true);
  expect(course.tries()['ERROR 500']).toEqual({ tried: 6, met: 0 });
});
