import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { percentile } from '../statistics.ts';
import type { RuntimeStage } from './runtime-stage.ts';

const bareProgram = fileURLToPath(new URL('bare-start.ts', import.meta.url));
const starts = 11;

export interface StartRun {
  readonly medianMs: number;
  readonly longestMs: number;
  /** A program that loads the same packages and nothing of ours. */
  readonly bareMs: number;
}

/** From the start of the process until it says that it is ready, in a cluster with next to nothing in it. */
export async function runStarts(stage: RuntimeStage, say: (line: string) => void): Promise<StartRun> {
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < starts; round += 1) {
    const { controller } = await stage.startController({ watched: false });
    ours.push(controller.readyMs);
    await controller.stop();
    bare.push(await timeBare());
  }
  const run = {
    medianMs: percentile(ours, 0.5),
    longestMs: Math.max(...ours),
    bareMs: percentile(bare, 0.5),
  };
  const [median, longest, script] = [run.medianMs, run.longestMs, run.bareMs].map(Math.round);
  say(`start to ready: ${median} ms, at worst ${longest} ms; packages alone ${script} ms`);
  return run;
}

async function timeBare(): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, [bareProgram], { stdio: ['ignore', 'ignore', 'inherit'] });
  await once(child, 'close');
  return performance.now() - began;
}
