import type { Decision } from './decision.ts';
import { agreedRevision, type Observation } from './observation.ts';
import { hold, rules } from './rules.ts';

/** One decision for each environment, in their order. Every adjacent pair moves on its own. */
export function decide(seen: Observation): readonly Decision[] {
  return seen.environments.map((target, index) => {
    const source = seen.environments[index - 1];
    if (source === undefined) return { kind: 'rest' };
    const candidate = agreedRevision(source)?.revision;
    const step = { now: seen.now, source, target, candidate };
    for (const rule of rules) {
      const decided = rule(step);
      if (decided !== undefined) return decided;
    }
    if (candidate === undefined || target.strategy === undefined) {
      return hold('NothingToPromote', `${target.name} has nothing to be promoted from ${source.name}`);
    }
    return { kind: 'propose', candidate, strategy: target.strategy };
  });
}
