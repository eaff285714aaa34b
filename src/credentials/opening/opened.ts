import type { Forge } from '../../forges/forge.ts';
import type { Permission } from '../../forges/identity.ts';
import type { Spending } from '../../forges/provider.ts';
import type { Reading } from '../../forges/through.ts';

/** A repository opened with one key or token. */
export interface Opened {
  /** Of the material. */
  readonly identity: string;
  /** Whose limits at the forge it counts against. */
  readonly account: string;
  /** Who pull requests and commits appear to be from. */
  readonly login: string;
  /** Each reading uses the token of the moment. */
  readonly read: Reading;
  /** For one act. @param also what it takes beyond what every act does @param spending what it has reserved */
  readonly begin: (also: readonly Permission[], spending: Spending | undefined) => Promise<Writing>;
}

export interface Writing {
  readonly forge: Forge;
  /** Of the act alone: it is revoked at the end. Otherwise the stored token, which may be replaced in the middle of the act. */
  readonly isMinted: boolean;
  /** Never rejects. */
  readonly end: () => Promise<void>;
}
