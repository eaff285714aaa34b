import type { ScopeFacts } from '../identity.ts';

/** The least that shows an organization's owner the list of what is authorized for its single sign-on. */
export const toSeeTheList = 'read:org';

/** By "Scopes for OAuth apps" each of them reads what `read:org` does. */
const wider = ['write:org', 'admin:org'];

/** Classic scopes against what looking at an organization's tokens takes. Whether its owner is the organization's is not told here. */
export function scopeOfObserver(granted: readonly string[]): ScopeFacts {
  const surplus = granted.filter((each) => each !== toSeeTheList);
  const isEnough = [toSeeTheList, ...wider].some((each) => granted.includes(each));
  if (!isEnough) {
    const message = `the token lacks scope ${toSeeTheList}, which looking at tokens takes; make one with it alone`;
    return { verdict: 'Insufficient', granted, surplus, lacking: [toSeeTheList], message };
  }
  if (surplus.length === 0) {
    const message = 'the token has no more than looking at tokens needs';
    return { verdict: 'Least', granted, surplus, lacking: [], message };
  }
  const message = `the token also has ${surplus.join(', ')}, which looking at tokens does not need; make one with ${toSeeTheList} alone`;
  return { verdict: 'Broad', granted, surplus, lacking: [], message };
}
