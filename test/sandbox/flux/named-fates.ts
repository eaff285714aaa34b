import type { Fate } from './fate.ts';

/** What a person can choose from. */
export const namedFates: Readonly<Record<string, Fate>> = {
  good: { kind: 'good' },
  slow: { kind: 'slow', ms: 20_000 },
  failing: { kind: 'failing' },
  'rolled-back': { kind: 'rolled-back' },
  'tests-failing': { kind: 'tests-failing' },
  'chart-missing': { kind: 'chart-missing' },
  stuck: { kind: 'stuck' },
};
