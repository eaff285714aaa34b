import { Bare } from './bare.ts';
import { peakResidentMB } from './process-meter.ts';
import { startStage } from './stage.ts';
import type { Wishes } from './wishes.ts';

const files = 2_000;

export interface BurstRun {
  readonly pipelines: number;
  readonly seconds: number;
  readonly peakMB: number;
  /** The script: eight at once, as the controller. */
  readonly bareSeconds: number;
  readonly barePeakMB: number;
}

/**
 * Many Pipelines are due when the controller comes up: every app is healthy in dev already, and nothing is known of the repository.
 * From the start of its process to the last pull request.
 */
export async function runBurst(count: number, wishes: Wishes): Promise<BurstRun> {
  wishes.say(`${count} Pipelines due at once in ${files} files`);
  const pipelines = Array.from({ length: count }, (_, at) => `app-${String(at).padStart(3, '0')}`);
  const stage = await startStage({ size: { files, history: 500, pipelines }, ...wishes });
  try {
    await stage.applyPipelines();
    const version = '6.1.0';
    await stage.release(version);
    const published = stage.published(count);
    const start = performance.timeOrigin + performance.now();
    const { pid } = await stage.startController();
    const opened = await published;
    const end = Math.max(...opened.map(({ endMs }) => endMs));
    const peakMB = await peakResidentMB(pid);
    await stage.world.controller?.stop();
    const bare = await Bare.start(stage, 'bare.jsonl');
    try {
      const span = await bare.promoteAll(version, 'archive');
      return {
        pipelines: count,
        seconds: (end - start) / 1000,
        peakMB,
        bareSeconds: (span.end - span.start) / 1000,
        barePeakMB: await bare.peakMB(),
      };
    } finally {
      await bare.stop();
    }
  } finally {
    await stage.stop();
  }
}
