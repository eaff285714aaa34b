import type { Permission, ScopeFacts } from '../identity.ts';
import { beyond, permissions } from './permissions.ts';

/**
 * Permissions of an App or a fine-grained token against what a promotion needs. Reading metadata comes with everything and is no surplus, and
 * neither is what some promotions take: none may have come by yet.
 * @param alsoNeeds what these promotions take beyond what every one does
 * @param who the beginning of a sentence: `the App's installation at acme`
 */
export function scopeOfPermissions(
  granted: readonly Permission[],
  alsoNeeds: readonly Permission[],
  { who, where }: { readonly who: string; readonly where: string },
): ScopeFacts {
  const needed = [...permissions.write, ...alsoNeeds];
  const lacking = beyond(granted, needed);
  const surplus = beyond([...needed, ...permissions.sometimes, 'metadata:read'], granted);
  const idle = permissions.sometimes.filter((each) => granted.includes(each) && !alsoNeeds.includes(each));
  const facts = { granted, surplus, ...(idle.length === 0 ? {} : { idle }), lacking };
  if (lacking.length > 0) {
    return {
      ...facts,
      verdict: 'Insufficient',
      message: `${who} lacks ${lacking.join(', ')}; grant it ${where}`,
    };
  }
  if (surplus.length > 0) {
    const message = `${who} also has ${surplus.join(', ')}, which a promotion does not need; take it away ${where}`;
    return { ...facts, verdict: 'Broad', message };
  }
  return { ...facts, verdict: 'Least', message: `${who} has no more than a promotion needs` };
}

export function unknownScope(message: string, granted: readonly Permission[] = []): ScopeFacts {
  return { verdict: 'Unknown', granted, surplus: [], lacking: [], message };
}
