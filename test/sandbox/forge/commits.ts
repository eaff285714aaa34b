import type { Account, Accounts } from './accounts.ts';
import type { ObjectStore } from './git/object-store.ts';
import { type Signature, encodeCommit } from './git/objects.ts';
import type { Signer } from './signing.ts';

export interface WantedCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
  /** Armoured signature that the client brought. */
  readonly signature?: string | undefined;
  /** The forge puts its own signature. */
  readonly signed: boolean;
}

/** Writes a commit object and gives its id. */
export function writeCommit(store: ObjectStore, signer: Signer, wanted: WantedCommit): string {
  const { tree, parents, message, author, committer, signature } = wanted;
  const commit = {
    tree,
    parents,
    message,
    author,
    committer,
    ...(signature === undefined ? {} : { signature }),
  };
  return store.write('commit', encodeCommit(wanted.signed ? signer.sign(commit) : commit));
}

/** How a commit names an account. */
export function identityOf(account: Account, date: Date): Signature {
  return { name: account.name ?? account.login, email: account.email, date };
}

/** The committer of what GitHub makes by itself. */
export function forgeIdentity(accounts: Accounts, date: Date): Signature {
  return { name: 'GitHub', email: accounts.webFlow.email, date };
}
