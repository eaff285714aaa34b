import { parseArgs } from 'node:util';
import { messageOf } from '../../src/base/error.ts';
import { runDemo, type Narration } from './demo/story.ts';
import { untilInterrupted } from './interrupted.ts';

const help = `Usage: npm run demo [-- FLAGS]

Promotes podinfo from dev to staging to prod in a world of its own: a real kube-apiserver, a forge, a deployer that plays Flux.

  --json     no story; one JSON object: promotions and credentials
  --keep     leave the world up until Ctrl-C
  --wait S   seconds that a pull request waits for you before the demo merges it (default: 20; 0 with --json)
  --help     this text

Exit codes: 0 the app reached the last environment, 1 it did not, 2 a flag is wrong.
`;

async function main(): Promise<number> {
  let flags: { json?: boolean; keep?: boolean; wait?: string; help?: boolean };
  try {
    ({ values: flags } = parseArgs({
      options: {
        json: { type: 'boolean' },
        keep: { type: 'boolean' },
        wait: { type: 'string' },
        help: { type: 'boolean' },
      },
    }));
  } catch (thrown) {
    process.stderr.write(`demo: ${messageOf(thrown)}\n\n${help}`);
    return 2;
  }
  if (flags.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const waitSeconds = Number(flags.wait ?? (flags.json === true ? 0 : 20));
  if (!Number.isInteger(waitSeconds) || waitSeconds < 0 || waitSeconds > 3600) {
    process.stderr.write(`demo: --wait takes whole seconds from 0 to 3600\n`);
    return 2;
  }
  const json = flags.json === true;
  const narration: Narration = {
    // With --json stdout belongs to the one object; what takes long is still said.
    progress: (line) => void process.stderr.write(`${line}\n`),
    tellsAsItGoes: !json,
    tell: (text) => void (json || process.stdout.write(`${text}\n`)),
  };
  const { signal } = untilInterrupted();
  try {
    const report = await runDemo({
      narration,
      waitMs: waitSeconds * 1000,
      keep: flags.keep === true,
      signal,
    });
    if (json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    return report.reachedLast ? 0 : 1;
  } catch (thrown) {
    if (signal.aborted) return 130;
    process.stderr.write(`demo: ${messageOf(thrown)}\n`);
    return 1;
  }
}

process.exitCode = await main();
