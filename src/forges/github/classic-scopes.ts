import type { Permission, ScopeFacts, Subject } from '../identity.ts';
import { scopeOfObserver, toSeeTheList } from './observer-scopes.ts';

/** Who a token with classic scopes is looked at for. */
export interface Held {
  readonly owner: string;
  /** `owner/name`. */
  readonly where: string;
  /** What the token is shown of the repository; absent when that is nothing. */
  readonly shown?:
    { readonly private?: boolean | undefined; readonly mayPush?: boolean | undefined } | undefined;
  readonly alsoNeeds: readonly Permission[];
  readonly observes: Subject['observes'];
}

/** The scopes of a classic token or OAuth's, as the header lists them; undefined where the forge tells none. */
export function scopesOf(header: string | null): readonly string[] | undefined {
  return header === null ? undefined : header.split(',').flatMap((scope) => scope.trim() || []);
}

/** What a promotion takes that changes what GitHub's Actions run, and no other does: no surplus before one comes by. */
const forWorkflows = 'workflow';

/**
 * Classic scopes against what a promotion needs, by "Scopes for OAuth apps". The least that opens a repository opens all that the owner may
 * write to, so that no such token is ever narrow: what is granted and does not serve to write one file is named as a surplus.
 */
export function scopeOfScopes(granted: readonly string[], held: Held): ScopeFacts {
  if (held.observes === 'only') return scopeOfObserver(granted);
  const opening = held.shown?.private === false && !granted.includes('repo') ? 'public_repo' : 'repo';
  const changesWorkflows = held.alsoNeeds.some((each) => each.startsWith('workflows:'));
  const needed = [opening, ...(changesWorkflows ? [forWorkflows] : [])];
  const lacking = needed.filter((each) => !granted.includes(each));
  // What it opens is more than one repository, also where nothing less would do.
  const noSurplus = [...needed, forWorkflows, ...(held.observes === 'also' ? [toSeeTheList] : [])];
  const surplus = granted.filter((each) => each === opening || !noSurplus.includes(each));
  const isIdle = granted.includes(forWorkflows) && !changesWorkflows;
  const facts = { granted, surplus, ...(isIdle ? { idle: [forWorkflows] } : {}) };
  if (lacking.length > 0) {
    const message = `the token lacks scope ${lacking.join(', ')}; ${advice(held)}`;
    return { ...facts, verdict: 'Insufficient', lacking, message };
  }
  const insufficient = fallsShort(held);
  if (insufficient !== undefined) return { ...insufficient, ...facts };
  const opens = opening === 'repo' ? 'repository' : 'public repository';
  const others = surplus.filter((each) => each !== opening);
  const also = others.length === 0 ? '' : `, and ${others.join(', ')} is not needed at all`;
  return {
    ...facts,
    verdict: 'Broad',
    lacking,
    message: `scope ${opening} opens every ${opens} that ${held.owner} may write to${also}; ${advice(held)}`,
  };
}

/** Why a token is not enough whatever it may do elsewhere: it is not shown the repository, or its owner may not write there. */
export function fallsShort({ owner, where, shown, observes }: Held): ScopeFacts | undefined {
  if (observes === 'only') return undefined;
  if (shown === undefined) {
    const message = `this token of ${owner} is shown no ${where}; check the name, and that the token is for it`;
    return { ...nothing, lacking: [where], message };
  }
  if (shown.mayPush !== false) return undefined;
  const message = `${owner} may not write to ${where}; give ${owner} the role Write there, or use a token of somebody who has it`;
  return { ...nothing, lacking: ['contents:write'], message };
}

const nothing = { verdict: 'Insufficient', granted: [], surplus: [] } as const;

function advice({ where }: Held): string {
  return `use a fine-grained token or an App for ${where} alone`;
}
