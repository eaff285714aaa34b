import type {
  AppFacts,
  ForgeLastUsed,
  Installation,
  Permission,
  RateFacts,
  TokenFacts,
} from '../forges/identity.ts';
import type { MetNeed } from './needs.ts';
import type { Reach } from './probing/reach.ts';

/** What a probe found out about a credential: one model for every kind of credential and every forge. */
export type CredentialFacts = (
  | {
      readonly kind: 'app';
      readonly app: AppFacts;
      readonly installation: Installation;
      /** What a promotion needs and the installation does not have. */
      readonly missing: readonly Permission[];
      /** What our tokens of it are minted with, where that is not for promotions alone. */
      readonly mintedWith?: readonly Permission[];
      /** What whoever has the key can open where it is installed. */
      readonly reach: Reach;
    }
  | { readonly kind: 'token'; readonly token: TokenFacts }
) & {
  /** SHA-256 of a token in base64; absent where the token could be guessed from it, and for Apps, whose tokens come and go. */
  readonly tokenHash?: string;
  /** When the forge last saw others use it; absent where no one tells, or the last use was ours. */
  readonly lastUsedOnForge?: ForgeLastUsed;
  /** Why a use by others may be unknown. */
  readonly lastUsedUnknown?: string;
  /** What promotions with it took beyond what every one takes, in the last week. */
  readonly needs?: readonly MetNeed[];
  /** Absent where the forge does not limit, or does not say. */
  readonly rate?: RateFacts;
};
