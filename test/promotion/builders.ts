import type { EnvironmentStatus, PromotionStatus } from '../../src/api/pipeline-status.ts';
import type { PullRequestStrategy } from '../../src/api/pipeline.ts';
import { revisionOf } from '../../src/base/revision.ts';
import { toTimestamp } from '../../src/base/time.ts';
import type {
  EnvironmentSeen,
  Observation,
  TargetSeen,
  TargetState,
} from '../../src/promotion/observation.ts';

export const now = new Date('2026-11-22T08:00:00Z');

export function secondsAgo(seconds: number): Date {
  return new Date(now.getTime() - seconds * 1000);
}

export const strategy: PullRequestStrategy = {
  url: 'https://github.com/acme/fleet',
  baseBranch: 'main',
  credentialRef: { name: 'acme-promoter' },
};

export function target(state: TargetState, name = 'default'): TargetSeen {
  return { name, app: 'HelmRelease podinfo', state };
}

export function good(version: string, since = secondsAgo(60), name = 'default'): TargetSeen {
  return target({ kind: 'good', revision: revisionOf({ version }), since, message: 'upgraded' }, name);
}

export function bad(version: string, message = 'UpgradeFailed', name = 'default'): TargetSeen {
  return target({ kind: 'bad', revision: revisionOf({ version }), since: secondsAgo(60), message }, name);
}

export function waiting(message = 'upgrading', name = 'default'): TargetSeen {
  return target({ kind: 'waiting', message }, name);
}

export function environment(
  name: string,
  targets: readonly TargetSeen[],
  rest: Partial<EnvironmentSeen> = {},
): EnvironmentSeen {
  return { name, targets, suspend: false, strategy, ...rest };
}

export function observation(...environments: readonly EnvironmentSeen[]): Observation {
  return { now, namespace: 'apps', name: 'podinfo', environments };
}

/** What the last pass wrote about an environment that was promoted into. */
export function promoted(
  phase: PromotionStatus['phase'],
  version: string,
  rest: Partial<PromotionStatus> & { barred?: string[] } = {},
): EnvironmentStatus {
  const { barred, ...promotion } = rest;
  return {
    name: 'staging',
    targets: [],
    ...(barred === undefined ? {} : { barred }),
    promotion: {
      revision: revisionOf({ version }),
      phase,
      since: toTimestamp(secondsAgo(120)),
      commit: 'c0ffee',
      pullRequest: { number: 42, url: 'https://github.com/acme/fleet/pull/42', state: 'Open' },
      ...promotion,
    },
  };
}
