import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { messageOf } from '../../src/base/error.ts';
import { untilInterrupted } from '../sandbox/interrupted.ts';
import { soak } from './soak.ts';

const help = `Usage: npm run -s soak -- [FLAGS]

Runs the Kubernetes runtime in a process of its own while 2,000 objects change and something breaks every few seconds: connections,
answers, watches, servers, credentials, the process itself. Once a minute the faults pause and everything is compared with the server;
at the end also the heap, sockets, timers and listeners with those of the start. Progress goes to stderr, one JSON object to stdout.
Needs Linux, for /proc.

  --minutes N   how long (default: 20); longer when a fault has met nothing by then
  --seed N      repeats the changes and faults of another run, 0 to 4294967295 (default: at random; it is printed)
  --help        this text

Exit codes: 0 nothing is wrong, 1 something is or it failed, 2 wrong usage, 130 interrupted.
`;

const seeds = 2 ** 32;

interface Wishes {
  readonly minutes: number;
  readonly seed: number;
}

function readFlags(): Wishes | 'help' {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '20' },
      seed: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return 'help';
  const minutes = Number(values.minutes);
  if (values.minutes === '' || !(minutes > 0 && minutes <= 10_000))
    throw new Error('--minutes takes a number above 0, up to 10000');
  const seed = values.seed === undefined ? randomInt(seeds) : Number(values.seed);
  if (values.seed === '' || !Number.isSafeInteger(seed) || seed < 0 || seed >= seeds)
    throw new Error(`--seed takes a whole number from 0 to ${seeds - 1}`);
  return { minutes, seed };
}

async function main(): Promise<number> {
  let flags: ReturnType<typeof readFlags>;
  try {
    flags = readFlags();
  } catch (thrown) {
    process.stderr.write(`soak: ${messageOf(thrown)}\n\n${help}`);
    return 2;
  }
  if (flags === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const { signal } = untilInterrupted();
  say(`soak: seed ${flags.seed}`);
  try {
    const report = await soak({
      ...flags,
      roundMs: 60_000,
      pace: { leastMs: 2_000, mostMs: 6_000 },
      writesPerSecond: 75,
      say,
      signal,
    });
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    for (const failure of report.failures) say(`soak: ${failure}`);
    return report.failures.length === 0 ? 0 : 1;
  } catch (thrown) {
    if (signal.aborted) return 130;
    say(`soak: ${messageOf(thrown)}; seed ${flags.seed}`);
    return 1;
  }
}

process.exitCode = await main();
