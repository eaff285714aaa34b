import { runBurst, type BurstRun } from './burst-run.ts';
import type { Costs } from './costs.ts';
import { runFleet, type FleetRun } from './fleet-run.ts';
import { figure, type Figure } from './report.ts';
import type { Wishes } from './wishes.ts';

interface Bars {
  readonly p99?: number | undefined;
  readonly ownP50?: number;
  readonly ownP99?: number;
  readonly cpuMs?: number;
  readonly sequence?: number;
  readonly forgeKB?: number;
}

const warmBars: Bars = { ownP50: 15, ownP99: 60, cpuMs: 50, sequence: 6, forgeKB: 100 };
const coldBarsMs: Readonly<Record<number, number>> = { 20_000: 3_000, 100_000: 15_000 };
const peakBarMB = 200;
const burstBarSeconds = 10;
const flatBar = 1.2;

/** From "healthy in the source" to "pull request open", in fleets of several sizes. */
export async function measurePromotion(wishes: Wishes): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const runs = new Map<number, FleetRun>();
  for (const files of wishes.sizes) {
    const run = await runFleet(files, wishes);
    runs.set(files, run);
    figures.push(...figuresOf(run));
  }
  const small = runs.get(56);
  const large = runs.get(100_000);
  if (small !== undefined && large !== undefined) {
    const ratio = (by: 'ours' | 'bare'): number => large[by].warm.ms.p50 / small[by].warm.ms.p50;
    figures.push(
      figure('warm, 100000 files against 56: healthy to pull request open, p50', ratio('ours'), 'times', {
        bar: flatBar,
        limit: ratio('bare'),
      }),
    );
  }
  if (wishes.burst > 0) figures.push(...burstFigures(await runBurst(wishes.burst, wishes)));
  return figures;
}

function figuresOf({ files, ours, inPlace, bare }: FleetRun): Figure[] {
  return [
    ...costFigures(`${files} files, cold`, ours.cold, bare.cold, { p99: coldBarsMs[files] }),
    ...costFigures(`${files} files, warm`, ours.warm, bare.warm, warmBars),
    figure(`${files} files, warm, in place of an open one: healthy to shown, p50`, inPlace.ms.p50, 'ms'),
    figure(`${files} files, warm, in place of an open one: own share, p50`, inPlace.ownMs.p50, 'ms'),
    figure(
      `${files} files, warm, in place of an open one: forge requests in sequence`,
      inPlace.sequence,
      'requests',
      {
        bar: warmBars.sequence,
      },
    ),
    figure(`${files} files: memory resident at most`, ours.peakMB, 'MB', {
      bar: peakBarMB,
      limit: bare.peakMB,
    }),
  ];
}

function costFigures(what: string, ours: Costs, bare: Costs, bars: Bars): Figure[] {
  const told = (name: string, unit: string, of: (costs: Costs) => number, bar?: number): Figure =>
    figure(`${what}: ${name}`, of(ours), unit, { bar, limit: of(bare) });
  return [
    told('healthy to pull request open, p50', 'ms', ({ ms }) => ms.p50),
    told('healthy to pull request open, p99', 'ms', ({ ms }) => ms.p99, bars.p99),
    told('own share, p50', 'ms', ({ ownMs }) => ownMs.p50, bars.ownP50),
    told('own share, p99', 'ms', ({ ownMs }) => ownMs.p99, bars.ownP99),
    told('processor time a promotion', 'ms', ({ cpuMs }) => cpuMs, bars.cpuMs),
    told('processor time with merge and both rollouts', 'ms', ({ cycleCpuMs }) => cycleCpuMs),
    told('forge requests in sequence', 'requests', ({ sequence }) => sequence, bars.sequence),
    told('forge requests in all', 'requests', ({ forgeRequests }) => forgeRequests),
    told('bodies from the forge', 'kB', ({ forgeKB }) => forgeKB, bars.forgeKB),
  ];
}

function burstFigures({ pipelines, seconds, peakMB, bareSeconds, barePeakMB }: BurstRun): Figure[] {
  const what = `2000 files, ${pipelines} Pipelines due at once`;
  return [
    figure(`${what}: start to last pull request`, seconds, 's', { bar: burstBarSeconds, limit: bareSeconds }),
    figure(`${what}: memory resident at most`, peakMB, 'MB', { bar: peakBarMB, limit: barePeakMB }),
  ];
}
