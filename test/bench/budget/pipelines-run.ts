import { eventually } from '../../sandbox/cluster/eventually.ts';
import { startStage } from '../stage.ts';
import type { Wishes } from '../wishes.ts';

export interface PipelinesRun {
  readonly pipelines: number;
  /** When the forge had each call that creates content, by its own log. */
  readonly contentMs: readonly number[];
  /** From the first of these calls, which is when the controller has come up and promotes, to the last pull request. */
  readonly seconds: number;
  /** Everything that the forge was asked, and what of it it refused. */
  readonly requests: number;
  readonly refused: number;
  readonly pullRequests: number;
}

const files = 2_000;
const version = '6.1.0';
/** As the sandbox forge counts. */
const createsContent =
  /^(POST|PATCH|PUT) \/repos\/|^POST \/graphql (createRef|updateRefs?|createCommitOnBranch)/;

/**
 * The real controller against the forge's own limit: every Pipeline is due when it comes up, all with one credential. Only how many calls a
 * minute are allowed differs from github.com, so that it ends in minutes.
 *
 * @param withinMs longer than it may take
 */
export async function runPipelines(
  { due, contentPerMinute, withinMs }: { due: number; contentPerMinute: number; withinMs: number },
  wishes: Wishes,
): Promise<PipelinesRun> {
  wishes.say(`${due} Pipelines due at once, ${contentPerMinute} calls a minute that create content`);
  const pipelines = Array.from({ length: due }, (_, at) => `app-${String(at).padStart(3, '0')}`);
  const stage = await startStage({
    size: { files, history: 0, pipelines },
    contentPerMinute,
    ...wishes,
  });
  try {
    await stage.applyPipelines();
    await stage.release(version);
    const { forge, deployer } = stage.world;
    await deployer.settled();
    forge.log.clear();
    const published = stage.published(due, withinMs);
    await stage.startController();
    const opened = await published;
    // The last act gives its token back yet.
    await eventually(
      'all tokens are given back',
      () => forge.log.byRoute()['DELETE /installation/token'] === due,
      {
        deadlineMs: 30_000,
      },
    );
    const api = forge.log.entries().filter(({ origin }) => origin === 'api');
    const contentMs = api.filter(({ route }) => createsContent.test(route)).map(({ startMs }) => startMs);
    return {
      pipelines: due,
      contentMs,
      seconds: (Math.max(...opened.map(({ endMs }) => endMs)) - Math.min(...contentMs)) / 1_000,
      requests: api.length,
      refused: api.filter(({ status }) => status === 403 || status === 429).length,
      pullRequests: forge.pullRequests('acme/fleet').length,
    };
  } finally {
    await stage.stop();
  }
}
