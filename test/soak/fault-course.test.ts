import { expect, test } from '@jest/globals';
import { FaultCourse } from './fault-course.ts';
import { faultNames, type FaultName } from './faults.ts';
import { Random } from '../random.ts';

/** A course in which these faults, the nth of a round from 0, meet something; and each of its rounds, by the names of the faults of it. */
function courseIn(meets: (name: FaultName, nth: number) => boolean) {
  const names: FaultName[] = [];
  let round = new AbortController();
  let left = 0;
  const course = new FaultCourse({
    strike: (name) => {
      const nth = names.push(name) - 1;
      if ((left -= 1) === 0) round.abort();
      return { hits: () => (meets(name, nth) ? 1 : 0), lift: () => undefined };
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

test('what met nothing comes first after the calm, before what has not had its turn', async () => {
  let isAway = true;
  const { course, roundOf } = courseIn((_, nth) => !isAway || nth > 1);
  const away = (await roundOf(faultNames.length - 2)).slice(0, 2);
  isAway = false;
  expect(await roundOf(2)).toEqual(away);
  expect(course.isRound).toBe(false);
  await roundOf(2);
  expect(course.isRound).toBe(true);
  expect(away.map((name) => course.tries()[name])).toEqual([
    { tried: 2, met: 1 },
    { tried: 2, met: 1 },
  ]);
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
