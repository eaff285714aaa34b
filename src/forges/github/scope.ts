import type { Permission, ScopeFacts, Subject } from '../identity.ts';
import { beyond, permissions } from './permissions.ts';

/**
 * Permissions of an App or a fine-grained token against what it is for. Reading metadata comes with everything and is no surplus, and
 * neither is what some promotions take: none may have come by yet.
 * @param who the beginning of a sentence: `the App's installation at acme`
 */
export function scopeOfPermissions(
  granted: readonly Permission[],
  { alsoNeeds = [], observes }: Pick<Subject, 'alsoNeeds' | 'observes'>,
  { who, where }: { readonly who: string; readonly where: string },
): ScopeFacts {
  const isObserver = observes === 'only';
  const needed = isObserver ? permissions.observe : [...permissions.write, ...alsoNeeds];
  const sometimes = isObserver ? [] : permissions.sometimes;
  const besides = observes === 'also' ? permissions.observe : [];
  const lacking = beyond(granted, needed);
  const surplus = beyond([...needed, ...sometimes, ...besides, 'metadata:read'], granted);
  const idle = sometimes.filter((each) => granted.includes(each) && !alsoNeeds.includes(each));
  const facts = { granted, surplus, ...(idle.length === 0 ? {} : { idle }), lacking };
  if (lacking.length > 0) {
    return {
      ...facts,
      verdict: 'Insufficient',
      message: `${who} lacks ${lacking.join(', ')}; grant it ${where}`,
    };
  }
  const purpose = isObserver ? 'looking at tokens' : 'a promotion';
  if (surplus.length > 0) {
    const message = `${who} also has ${surplus.join(', ')}, which ${purpose} does not need; take it away ${where}`;
    return { ...facts, verdict: 'Broad', message };
  }
  return { ...facts, verdict: 'Least', message: `${who} has no more than ${purpose} needs` };
}

export function unknownScope(message: string, granted: readonly Permission[] = []): ScopeFacts {
  return { verdict: 'Unknown', granted, surplus: [], lacking: [], message };
}
