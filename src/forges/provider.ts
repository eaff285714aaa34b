import type { Secret } from '../base/secret.ts';
import type { Connection } from './connection.ts';
import type { Forge, Repository } from './forge.ts';
import type { ForgeIdentity, Permission } from './identity.ts';

/** How one provider is spoken to; one line of the registry each. */
export interface Provider {
  readonly identity: (connection: Connection) => ForgeIdentity;
  readonly open: (connection: Connection, repository: Repository, token: ForgeToken) => Forge;
  /**
   * What a promotion needs, and what reading needs. `sometimes`: all that `permissionsFor` may ask for, which is no surplus before it is
   * asked for. `observe`: what an App needs for `ForgeIdentity.sightingOf`, and nothing else does.
   */
  readonly permissions: {
    readonly read: readonly Permission[];
    readonly write: readonly Permission[];
    readonly sometimes?: readonly Permission[];
    readonly observe?: readonly Permission[];
  };
  /** What changing this file takes beyond `permissions.write`; absent where it is the same for all files. */
  readonly permissionsFor?: (path: string) => readonly Permission[];
  /**
   * What a text that cannot be a token for this forge looks like, as a noun for a sentence: `a token of GitLab`. Undefined when it may be
   * one. Asks nobody.
   */
  readonly looksForeign?: (text: string) => string | undefined;
}

export interface ForgeToken {
  readonly value: Secret;
  /** When it was minted: a token a few seconds old may not be known everywhere, so 401 and 404 are tried again. Absent: stored long ago. */
  readonly mintedAt?: Date;
  /** What its writes may take of the forge's limits. Absent: whatever is left. */
  readonly spending?: Spending;
}

/** Calls that create content, reserved for one act. */
export interface Spending {
  /** Before a request is sent; gives what is to be called when it has been answered. Throws WaitingForBudget when there is none left. */
  take(): () => void;
}
