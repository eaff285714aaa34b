import { parseArgs } from 'node:util';
import { messageOf } from '../../src/base/error.ts';
import { untilInterrupted } from '../sandbox/interrupted.ts';
import { measureAudit } from './audit.ts';
import { measureBudget } from './budget.ts';
import { measurePromotion } from './promotion.ts';
import { broken, describeMachine, type Figure } from './report.ts';
import { measureRuntime, runtimeParts } from './runtime.ts';
import type { Wishes } from './wishes.ts';

const benchmarks: Readonly<Record<string, (wishes: Wishes) => Promise<readonly Figure[]>>> = {
  audit: measureAudit,
  budget: measureBudget,
  promotion: measurePromotion,
  runtime: measureRuntime,
};

const help = `Usage: npm run -s bench -- NAME [FLAGS]

Measures in a world of its own and prints one JSON object; progress goes to stderr. Needs Linux, for /proc.

  audit       who can reach the Secrets of many Credentials, in a cluster with many roles and bindings
  budget      many promotions at once with one credential: against github.com's limits, and in a cluster against others
  promotion   from "healthy in the source" to "pull request open", in fleets of several sizes
  runtime     a cold start among many objects and what follows it; how soon an event is heard, how soon another leads

budget:
  --due N            promotions that are due at once (default: 500)
audit:
  --bindings N       and half as many roles (default: 10000)
  --credentials N    to audit (default: 100)
promotion:
  --sizes N,N        files of the fleets (default: 56,2000,20000,100000)
  --promotions N     warm ones at each size (default: 200 at 56 files, 20 at the others)
  --colds N          cold ones at each size (default: 5; 3 from 20,000 files on)
  --burst N          Pipelines that are due at once in a fleet of 2,000 files; 0: left out (default: 50)
runtime:
  --pipelines N      each with four HelmReleases (default: 10000)
  --parts PART,PART  ${runtimeParts.join(', ')} (default: all)
both:
  --node-args FLAGS  for the controller's Node, such as --cpu-prof
  --help             this text

Exit codes: 0 all bars held, 1 one did not or it failed, 2 wrong usage.
`;

function readFlags(): { readonly name: string; readonly wishes: Omit<Wishes, 'say' | 'signal'> } | 'help' {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      sizes: { type: 'string', default: '56,2000,20000,100000' },
      promotions: { type: 'string' },
      colds: { type: 'string' },
      burst: { type: 'string', default: '50' },
      due: { type: 'string', default: '500' },
      pipelines: { type: 'string', default: '10000' },
      bindings: { type: 'string', default: '10000' },
      credentials: { type: 'string', default: '100' },
      parts: { type: 'string' },
      'node-args': { type: 'string', default: '' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return 'help';
  const [name = '', ...more] = positionals;
  if (!(name in benchmarks) || more.length > 0) {
    throw new Error(`name one of: ${Object.keys(benchmarks).join(', ')}`);
  }
  const whole = (flag: string, text: string, least: number): number => {
    const value = Number(text);
    if (text !== '' && Number.isSafeInteger(value) && value >= least) return value;
    throw new Error(`--${flag} takes whole numbers from ${least} on`);
  };
  const optional = (flag: 'promotions' | 'colds'): number | undefined => {
    const text = values[flag];
    return text === undefined ? undefined : whole(flag, text, 1);
  };
  return {
    name,
    wishes: {
      sizes: values.sizes.split(',').map((text) => whole('sizes', text, 10)),
      promotions: optional('promotions'),
      colds: optional('colds'),
      burst: whole('burst', values.burst, 0),
      due: whole('due', values.due, 1),
      pipelines: whole('pipelines', values.pipelines, 10),
      bindings: whole('bindings', values.bindings, 100),
      audited: whole('credentials', values.credentials, 1),
      parts: values.parts === undefined ? undefined : partsIn(values.parts),
      nodeArgs: values['node-args'].split(' ').filter((each) => each !== ''),
    },
  };
}

function partsIn(text: string): readonly string[] {
  const parts = text.split(',');
  if (parts.every((each) => runtimeParts.some((known) => known === each))) return parts;
  throw new Error(`--parts takes some of: ${runtimeParts.join(',')}`);
}

async function main(): Promise<number> {
  let flags: ReturnType<typeof readFlags>;
  try {
    flags = readFlags();
  } catch (thrown) {
    process.stderr.write(`bench: ${messageOf(thrown)}\n\n${help}`);
    return 2;
  }
  if (flags === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const { name, wishes } = flags;
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const { signal } = untilInterrupted();
  try {
    const figures = (await benchmarks[name]?.({ ...wishes, say, signal })) ?? [];
    process.stdout.write(`${JSON.stringify({ name, machine: describeMachine(), figures }, undefined, 2)}\n`);
    const missed = broken(figures);
    for (const { name: what, value, unit, bar } of missed)
      say(`bar broken: ${what}: ${value} ${unit}, bar ${bar}`);
    return missed.length === 0 ? 0 : 1;
  } catch (thrown) {
    if (signal.aborted) return 130;
    say(`bench: ${messageOf(thrown)}`);
    return 1;
  }
}

process.exitCode = await main();
