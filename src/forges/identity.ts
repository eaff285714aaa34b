import type { Secret } from '../base/secret.ts';
import type { Call, Repository } from './forge.ts';

/** What a minted token may do, in the forge's own words: `contents:write`. */
export type Permission = string;

export interface AppKey {
  /** The App's number, or its client id. */
  readonly appId: string;
  /** PEM, RSA, in PKCS #1 or PKCS #8. */
  readonly privateKey: Secret;
  /** The one that is meant; any other is refused. Absent: whichever the repository has. */
  readonly installationId?: string;
  /** The account whose installation is meant, as Flux's Secrets may name it; any other is refused. */
  readonly installationOwner?: string;
}

export interface AppFacts {
  /** As commits and pull requests show it: `acme-promoter[bot]`. */
  readonly login: string;
  /** The App's own. */
  readonly id: string;
  /** At how many accounts it is installed; absent where the forge does not say. */
  readonly installations?: number;
}

/** What a credential may do against what a promotion needs. */
export interface ScopeFacts {
  readonly verdict: 'Least' | 'Broad' | 'Insufficient' | 'Unknown';
  /** In the forge's own words: `contents:write`, `repo`, `api`. */
  readonly granted: readonly Permission[];
  readonly surplus: readonly Permission[];
  /** Granted, not needed so far, and no surplus: there are promotions that take it. Absent when nothing is. */
  readonly idle?: readonly Permission[];
  readonly lacking: readonly Permission[];
  /** A sentence that says it, with the next step where there is one. */
  readonly message: string;
}

/** What is left of the forge's primary limit. */
export interface RateFacts {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: Date;
}

/** When the forge last saw a token in use. */
export interface ForgeLastUsed {
  readonly time: Date;
  /** `±10 min` */
  readonly precision: string;
}

/** What the holder of a token or key is looked at for. */
export interface Subject {
  readonly repository: Repository;
  /** What its promotions take beyond what every one does (`Provider.permissions.write`): it is then no surplus, and lacking where it is not there. */
  readonly alsoNeeds?: readonly Permission[];
  /**
   * That it looks at an organization's tokens (`ForgeIdentity.sightingOf`): instead of promotions, so that it takes what that takes and
   * nothing else, or beside them, so that this is no surplus.
   */
  readonly observes?: 'only' | 'also';
}

export interface Installation {
  readonly id: string;
  /** Login of the organization or user that it is at. */
  readonly account: string;
  /** As `AppFacts.login`: every look at the installation tells whether the App was renamed. */
  readonly appLogin: string;
  readonly permissions: readonly Permission[];
  /** What whoever has the App's key may do there, against what a promotion needs: tokens of ours are minted for less. */
  readonly scope: ScopeFacts;
  /** Whether it opens every repository of its account, or chosen ones. */
  readonly repositorySelection: 'all' | 'selected';
}

export interface MintedToken {
  readonly token: Secret;
  readonly expiresAt: Date;
  readonly permissions: readonly Permission[];
  /** Of exactly the repositories that it opens, in the order of the answer: they stay when a repository is renamed, and a new one under an old name has another. */
  readonly repositoryIds: readonly string[];
}

export interface TokenFacts {
  readonly kind:
    | 'PersonalAccessToken' // classic
    | 'FineGrainedToken'
    | 'OAuthUser'
    | 'AppUser'
    | 'InstallationToken'
    | 'ProjectToken'
    | 'GroupToken'
    | 'ServiceAccountToken'
    | 'Unknown';
  readonly owner: { readonly login: string; readonly type: 'Bot' | 'User' | 'Unknown'; readonly id?: string };
  readonly expiry:
    | { readonly kind: 'at'; readonly time: Date }
    // `instead` is what to do where the forge gives no such token an end; where it is absent its owner can have one with an end.
    | { readonly kind: 'never'; readonly instead?: string }
    | { readonly kind: 'never or not reported' }
    | { readonly kind: 'unknown'; readonly why: string };
  readonly scope: ScopeFacts;
  /** Absent where the forge does not limit, or does not say. */
  readonly rate?: RateFacts;
  /** Absent where the forge does not tell a token when it was used. */
  readonly lastUsed?: ForgeLastUsed;
  /** Made by the forge and long, so that its hash may be shown: not a password that somebody chose. */
  readonly isUnguessable: boolean;
}

/** A token of which the forge knows when it was used, and does not tell it that. */
export interface ObservedToken {
  readonly token: Secret;
  readonly owner: string;
  readonly expiresAt?: Date;
  /** Whose list it stands in: the account that owns the repositories it is used for. */
  readonly organization: string;
  /** As in `Subject`. */
  readonly alsoNeeds?: readonly Permission[];
}

/** What an organization's list says of one token. */
export type Sighting =
  | {
      readonly kind: 'found';
      /** Absent when it was never used. */
      readonly lastUsed?: ForgeLastUsed;
      /** Absent where the list does not say what it may do. */
      readonly scope?: ScopeFacts;
    }
  | { readonly kind: 'unknown'; readonly why: string };

/** What a forge tells about credentials. Works without a repository, and remembers no key, token or installation. */
export interface ForgeIdentity {
  /** Unauthorized when the key is not the App's, or is none (checking a Secret's form is the caller's business). */
  describeApp(key: AppKey, call: Call): Promise<AppFacts>;
  /**
   * Asked anew each time: an App that was installed again has another one. NotInstalled when the App is not on that repository, with a
   * sentence that tells whether it is on the account, or when the key names another installation than that; Suspended when its owner has
   * suspended it there. One request, up to three when it is not on the repository.
   */
  findInstallation(key: AppKey, subject: Subject, call: Call): Promise<Installation>;
  /**
   * A token for these repositories and permissions and no more; never for an empty list of repositories, which GitHub reads as "all".
   * Repositories are told apart by their ids when all have one, else by their names.
   * PermissionsMissing when the installation does not have the permissions. NotInstalled when it is gone or does not have a repository
   * of that name; NotFound when it has none of that id: it was deleted or taken out, so forget the id and mint by the name.
   */
  mintToken(
    request: {
      readonly key: AppKey;
      readonly installation: string;
      readonly repositories: readonly { readonly name: string; readonly id?: string }[];
      readonly permissions: readonly Permission[];
    },
    call: Call,
  ): Promise<MintedToken>;
  /**
   * How many repositories whoever has the App's key can open there: tokens of ours open one. Three requests: it takes a token that may read
   * nothing but their names, which nobody else is given and which is ended before it settles.
   */
  countRepositories(
    where: { readonly key: AppKey; readonly installation: Installation },
    call: Call,
  ): Promise<number>;
  /** Ends a minted token. One that is already dead counts as revoked. */
  revokeToken(token: Secret, call: Call): Promise<void>;
  /**
   * Whose a stored token is, how long it lasts, and what it may do with the repository. One request, and once a day another one for the
   * owner. A token that is not shown the repository lacks what is needed; SSORequired when its organization wants it authorized first.
   */
  describeToken(token: Secret, subject: Subject, call: Call): Promise<TokenFacts>;
  /**
   * When the forge last saw a token that is not told that itself. At most three requests. Absent where every token is told, or nobody is.
   * @param observer who may see the organization's list: a token minted for an App with the permission, or a stored one
   */
  readonly sightingOf?: (observer: Secret, observed: ObservedToken, call: Call) => Promise<Sighting>;
}
