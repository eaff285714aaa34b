import { randomInt } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { faultNames } from './faults.ts';
import { soak } from './soak.ts';

test('nothing is missed, wrong or left behind after two minutes of changes and faults', async () => {
  const seed = randomInt(2 ** 32);
  const lines: string[] = [];
  const report = await soak({
    minutes: 2,
    seed,
    roundMs: 40_000,
    pace: { leastMs: 500, mostMs: 1_500 },
    writesPerSecond: 50,
    say: (line) => lines.push(line),
    signal: new AbortController().signal,
  }).catch((thrown: unknown) => {
    throw new Error(`the soak could not go on; seed ${seed}:\n${lines.join('\n')}`, { cause: thrown });
  });
  const { minutes, faults, recoveries, missed, heapMB, failures } = report;
  process.stderr.write(`soak: ${JSON.stringify({ seed, minutes, recoveries, heapMB })}\n`);
  // With its course, since the seed does not give the same times again.
  if (failures.length > 0) process.stderr.write(`${lines.join('\n')}\n`);
  expect({ seed, missed, failures }).toEqual({ seed, missed: 0, failures: [] });
  // A fault that nothing ever meets tests nothing.
  expect(faultNames.filter((name) => faults[name]?.met === 0)).toEqual([]);
}, 900_000);
