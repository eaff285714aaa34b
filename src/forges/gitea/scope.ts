import type { ScopeFacts } from '../identity.ts';

/** Commits and pull requests; labels and comments, which are an issue's; and whose token it is. */
export const neededScopes: readonly string[] = ['write:repository', 'write:issue', 'read:user'];

/** What scopes are against what a promotion needs. To write is to read; `all` is everything. */
export function scopeOf(granted: readonly string[]): ScopeFacts {
  const isAll = granted.includes('all');
  const lacking = isAll ? [] : neededScopes.filter((each) => !holds(granted, each));
  const surplus = granted.filter((each) => !isNeeded(each));
  return {
    verdict: lacking.length > 0 ? 'Insufficient' : surplus.length > 0 ? 'Broad' : 'Least',
    granted,
    surplus,
    lacking,
    message: messageOf(granted, lacking, surplus),
  };
}

function holds(granted: readonly string[], needed: string): boolean {
  return granted.includes(needed) || granted.includes(needed.replace(/^read:/, 'write:'));
}

/** `public-only` takes away. */
function isNeeded(scope: string): boolean {
  const within = neededScopes.some((each) => each === scope || each.replace(/^write:/, 'read:') === scope);
  return within || scope === 'public-only';
}

function messageOf(
  granted: readonly string[],
  lacking: readonly string[],
  surplus: readonly string[],
): string {
  if (lacking.length > 0) return `it lacks ${lacking.join(', ')}; make a token with that`;
  const where = granted.includes('public-only') ? 'public repository' : 'repository';
  const reach = `it opens every ${where} that its owner may write to: let that be an account for promotions`;
  return surplus.length === 0 ? reach : `${surplus.join(', ')} is more than a promotion needs; ${reach}`;
}
