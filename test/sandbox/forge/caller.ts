import type { Account } from './accounts.ts';
import type { App, AppUserToken, ClassicToken, FineGrainedToken, InstallationToken } from './credentials.ts';

/** Who sent a request, as its credential shows. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'app'; readonly app: App }
  | { readonly kind: 'installation'; readonly token: InstallationToken }
  | { readonly kind: 'classic'; readonly token: ClassicToken }
  | { readonly kind: 'fineGrained'; readonly token: FineGrainedToken }
  | { readonly kind: 'appUser'; readonly token: AppUserToken };

/** The account that acts; nobody for an anonymous caller. */
export function accountOf(caller: Caller): Account | undefined {
  switch (caller.kind) {
    case 'anonymous':
      return undefined;
    case 'app':
      return caller.app.bot;
    case 'installation':
      return caller.token.installation.app.bot;
    case 'classic':
    case 'fineGrained':
    case 'appUser':
      return caller.token.owner;
    default:
      return caller satisfies never;
  }
}

/** Whose budget a request is counted against: users share theirs over all their tokens. */
export function budgetOf(caller: Caller): string {
  switch (caller.kind) {
    case 'anonymous':
      return 'anonymous';
    case 'app':
      return `app:${caller.app.id}`;
    case 'installation':
      return `installation:${caller.token.installation.id}`;
    case 'classic':
    case 'fineGrained':
    case 'appUser':
      return `user:${caller.token.owner.id}`;
    default:
      return caller satisfies never;
  }
}
