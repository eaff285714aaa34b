import { contentLimits } from '../../src/cli/content-limits.ts';
import { callsOver, leastMs } from './budget/arithmetic.ts';
import { runPipelines } from './budget/pipelines-run.ts';
import { runVirtually } from './budget/virtual-run.ts';
import { figure, type Figure } from './report.ts';
import type { Wishes } from './wishes.ts';

/** A tree, a commit, a branch and a pull request. */
const callsOfPromotion = 4;
/** Whole promotions, and seven windows for 500 of them, each long against what so many promotions take in a row. */
const contentPerMinute = 280;
const overBar = 0;
const aboveLeastBar = 5;

/** Many promotions due at once with one credential, against limits of calls that create content. */
export async function measureBudget(wishes: Wishes): Promise<readonly Figure[]> {
  return [...virtualFigures(wishes), ...(await pipelineFigures(wishes))];
}

/** The limits of github.com as they are, in hours of a clock that jumps. */
function virtualFigures({ due, say }: Wishes): readonly Figure[] {
  const limits = contentLimits({ host: 'github.com', budget: undefined });
  const [minute, hour] = limits;
  const ofSmall = Math.min(5, Math.ceil(due / 10));
  say(
    `${due} promotions at once against ${minute?.calls} calls a minute and ${hour?.calls} an hour, by a clock that jumps`,
  );
  const least = leastMs(due * callsOfPromotion, limits);
  const run = runVirtually({ acts: due, ofSmall, callsOfAct: callsOfPromotion, limits });
  const what = `${due} promotions at once, 80 calls a minute and 500 an hour, played`;
  return [
    figure(
      `${what}: calls over the limit`,
      Math.max(...limits.map((limit) => callsOver(run.arrivals, limit))),
      'calls',
      {
        bar: overBar,
      },
    ),
    figure(`${what}: time over the arithmetic minimum`, percentAbove(run.lastMs, least), '%', {
      bar: aboveLeastBar,
    }),
    figure(`${what}: until the last is done`, run.lastMs / 60_000, 'min', { limit: least / 60_000 }),
    figure(`${what}: calls that create content`, run.arrivals.length, 'calls', {
      limit: due * callsOfPromotion,
    }),
    figure(`${what}: times that a promotion asked`, run.asked / due, 'times'),
    figure(
      `${what}: until ${ofSmall} of another namespace, the last to ask, are done`,
      run.lastOfSmallMs / 60_000,
      'min',
    ),
    figure(`${what}: processor time of all accounting`, run.cpuMs, 'ms'),
  ];
}

/** The real controller with real Pipelines. */
async function pipelineFigures(wishes: Wishes): Promise<readonly Figure[]> {
  const { due } = wishes;
  const limit = { calls: contentPerMinute, ms: 60_000 };
  const least = leastMs(due * callsOfPromotion, [limit]);
  const run = await runPipelines({ due, contentPerMinute, withinMs: 1.5 * least + 180_000 }, wishes);
  const what = `${due} Pipelines at once, ${contentPerMinute} calls a minute`;
  return [
    figure(`${what}: calls over the limit`, callsOver(run.contentMs, limit), 'calls', { bar: overBar }),
    figure(`${what}: refused by the forge`, run.refused, 'requests', { bar: overBar }),
    figure(`${what}: time over the arithmetic minimum`, percentAbove(run.seconds * 1_000, least), '%', {
      bar: least === 0 ? undefined : aboveLeastBar,
    }),
    figure(`${what}: first call to last pull request`, run.seconds, 's', { limit: least / 1_000 }),
    figure(`${what}: calls that create content`, run.contentMs.length, 'calls', {
      limit: due * callsOfPromotion,
    }),
    figure(`${what}: all requests to the forge`, run.requests, 'requests'),
    figure(`${what}: pull requests`, run.pullRequests, 'pull requests', { limit: due }),
  ];
}

function percentAbove(ms: number, least: number): number {
  return least === 0 ? 0 : (ms / least - 1) * 100;
}
