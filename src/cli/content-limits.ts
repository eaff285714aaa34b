import type { Limit } from '../forges/budget/windows.ts';
import type { Config } from './config.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** GitHub's page "Rate limits for the REST API", of secondary limits: they cannot be queried. */
const ofGithub = { contentPerMinute: 80, contentPerHour: 500 };
const none = { contentPerMinute: 0, contentPerHour: 0 };

/**
 * How many calls that create content one account makes at a forge: as the operator says, else as github.com allows, and without limit at
 * a server of one's own, whose limits are off unless its administrator sets some.
 */
export function contentLimits({
  host,
  budget,
}: Pick<Config['forges'][number], 'host' | 'budget'>): readonly Limit[] {
  const isOfGithub = host === 'github.com' || host.endsWith('.ghe.com');
  const usual = isOfGithub ? ofGithub : none;
  return [
    { calls: budget?.contentPerMinute ?? usual.contentPerMinute, ms: minuteMs },
    { calls: budget?.contentPerHour ?? usual.contentPerHour, ms: hourMs },
  ].filter(({ calls }) => calls > 0);
}
