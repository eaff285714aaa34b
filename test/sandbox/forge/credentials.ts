import { type KeyObject, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Account, Accounts } from './accounts.ts';
import { newInstallationToken } from './app-jwt.ts';
import type { Permissions } from './permission-set.ts';
import type { Repository } from './repository.ts';

export interface App {
  readonly id: number;
  readonly clientId: string;
  readonly slug: string;
  readonly name: string;
  readonly owner: Account;
  readonly bot: Account;
  readonly publicKeys: KeyObject[];
  /** Every JWT that it showed and that was accepted, so that a test can look for them where they may not be. */
  readonly jwts: Set<string>;
  permissions: Permissions;
  readonly createdAt: Date;
}

export interface Installation {
  readonly id: number;
  readonly app: App;
  readonly account: Account;
  permissions: Permissions;
  /** Ids; undefined: all repositories of the account. */
  repositories: Set<number> | undefined;
  suspendedAt: Date | undefined;
  suspendedBy: Account | undefined;
  uninstalled: boolean;
  readonly createdAt: Date;
  updatedAt: Date;
}

interface TokenBase {
  readonly value: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  revoked: boolean;
  /** How often it was shown, by this forge's count. */
  uses: number;
  /** When it was accepted last. To the second here: GitHub does not say how exact its own time is. */
  lastUsedAt: Date | undefined;
  /** For faults: until when or for how many uses this token is not known everywhere. */
  unknown: { uses: number; untilMs: number; status: 401 | 404 } | undefined;
}

export interface InstallationToken extends TokenBase {
  readonly kind: 'installation';
  readonly installation: Installation;
  readonly permissions: Permissions;
  /** Ids the mint was narrowed to; undefined: as wide as the installation. */
  readonly repositories: ReadonlySet<number> | undefined;
  readonly expiresAt: Date;
  reaches(repository: Repository): boolean;
}

/** A token with scopes. */
export interface ClassicToken extends TokenBase {
  readonly kind: 'classic';
  readonly id: number;
  /** `old`: 40 hex digits, as they were before there were prefixes. */
  readonly form: 'classic' | 'old' | 'oauth';
  readonly owner: Account;
  readonly scopes: readonly string[];
  /** Ids of the organizations for whose single sign-on it was authorized. */
  readonly authorizedFor: Set<number>;
}

export interface FineGrainedToken extends TokenBase {
  readonly kind: 'fineGrained';
  /** Whose token it is. */
  readonly owner: Account;
  /** Whose repositories it opens. */
  readonly resourceOwner: Account;
  readonly id: number;
  readonly name: string;
  readonly permissions: Permissions;
  readonly organizationPermissions: Permissions;
  readonly repositories: ReadonlySet<number> | undefined;
  /** Minutes east of UTC in its expiration header: GitHub writes the owner's offset there. */
  readonly headerOffsetMinutes: number;
  /** GitHub was seen to write the present moment there instead of the end; whether it still does is not known. */
  readonly tellsPresentMoment: boolean;
  reaches(repository: Repository): boolean;
}

/** An App's token for one of its users: it may do what both may. */
export interface AppUserToken extends TokenBase {
  readonly kind: 'appUser';
  readonly owner: Account;
  readonly app: App;
  readonly expiresAt: Date;
  /** The App's part on a repository; undefined where it is not installed. */
  permissionsOn(repository: Repository): Permissions | undefined;
}

export type Token = InstallationToken | ClassicToken | FineGrainedToken | AppUserToken;

const appUserTokenMs = 8 * 3_600_000;

const installationTokenMs = 3_600_000;

/** Apps, where they are installed, and every token. Keeps what is revoked, so that a test can ask about it. */
export class Credentials {
  readonly #accounts: Accounts;
  readonly #now: () => Date;
  readonly #apps = new Map<number, App>();
  readonly #installations = new Map<number, Installation>();
  readonly #tokens = new Map<string, Token>();
  #lastAppId = 1_400_100;
  #lastInstallationId = 52_000_300;
  #lastTokenId = 310_000;

  constructor(options: { readonly accounts: Accounts; readonly now: () => Date }) {
    this.#accounts = options.accounts;
    this.#now = options.now;
  }

  createApp(wanted: {
    readonly slug: string;
    readonly name: string;
    readonly owner: Account;
    readonly permissions: Permissions;
  }): { readonly app: App; readonly privateKey: string } {
    const id = (this.#lastAppId += 1);
    const app: App = {
      ...wanted,
      id,
      clientId: `Iv23li${randomBytes(7).toString('hex')}`,
      bot: this.#accounts.create({ login: `${wanted.slug}[bot]`, type: 'Bot', name: `${wanted.slug}[bot]` }),
      publicKeys: [],
      jwts: new Set(),
      createdAt: this.#now(),
    };
    this.#apps.set(id, app);
    return { app, privateKey: this.addKey(app) };
  }

  /** Makes another private key for the App and gives its PEM, in PKCS#1 as GitHub's download has it. */
  addKey(app: App): string {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    app.publicKeys.push(publicKey);
    return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  }

  findApp(idOrClientId: string): App | undefined {
    return (
      this.#apps.get(Number(idOrClientId)) ??
      [...this.#apps.values()].find((app) => app.clientId === idOrClientId)
    );
  }

  install(wanted: {
    readonly app: App;
    readonly account: Account;
    readonly permissions: Permissions;
    readonly repositories: Set<number> | undefined;
  }): Installation {
    const now = this.#now();
    const installation: Installation = {
      ...wanted,
      id: (this.#lastInstallationId += 1),
      suspendedAt: undefined,
      suspendedBy: undefined,
      uninstalled: false,
      createdAt: now,
      updatedAt: now,
    };
    this.#installations.set(installation.id, installation);
    return installation;
  }

  /** Installations that were not ended, oldest first. */
  installations(app: App): Installation[] {
    return [...this.#installations.values()].filter(
      (installation) => installation.app === app && !installation.uninstalled,
    );
  }

  installation(id: number): Installation | undefined {
    const installation = this.#installations.get(id);
    return installation?.uninstalled === false ? installation : undefined;
  }

  mint(wanted: {
    readonly installation: Installation;
    readonly permissions: Permissions;
    readonly repositories: ReadonlySet<number> | undefined;
    readonly form?: 'stateless' | 'opaque';
  }): InstallationToken {
    const now = this.#now();
    const { installation, permissions, repositories, form = 'stateless' } = wanted;
    const value =
      form === 'opaque'
        ? `ghs_${randomText(36)}`
        : newInstallationToken(installation.app.id, installation.id, now);
    const token: InstallationToken = {
      kind: 'installation',
      installation,
      permissions,
      repositories,
      ...fresh(value, now),
      expiresAt: new Date(now.getTime() + installationTokenMs),
      reaches: (repository) =>
        installationReaches(installation, repository) && (repositories?.has(repository.id) ?? true),
    };
    this.#tokens.set(token.value, token);
    return token;
  }

  createClassicToken(wanted: {
    readonly owner: Account;
    readonly scopes: readonly string[];
    readonly expiresAt: Date | undefined;
    readonly form?: ClassicToken['form'];
  }): ClassicToken {
    const { form = 'classic' } = wanted;
    const value =
      form === 'old'
        ? randomBytes(20).toString('hex')
        : `${form === 'oauth' ? 'gho' : 'ghp'}_${randomText(36)}`;
    const token: ClassicToken = {
      kind: 'classic',
      id: (this.#lastTokenId += 1),
      authorizedFor: new Set(),
      ...fresh(value, this.#now()),
      ...wanted,
      form,
    };
    this.#tokens.set(value, token);
    return token;
  }

  createAppUserToken(app: App, owner: Account): AppUserToken {
    const now = this.#now();
    const token: AppUserToken = {
      kind: 'appUser',
      ...fresh(`ghu_${randomText(36)}`, now),
      app,
      owner,
      expiresAt: new Date(now.getTime() + appUserTokenMs),
      permissionsOn: (repository) =>
        this.installations(app).find((each) => !each.suspendedAt && installationReaches(each, repository))
          ?.permissions,
    };
    this.#tokens.set(token.value, token);
    return token;
  }

  createFineGrainedToken(wanted: {
    readonly owner: Account;
    readonly resourceOwner: Account;
    readonly permissions: Permissions;
    readonly repositories: ReadonlySet<number> | undefined;
    readonly expiresAt: Date | undefined;
    readonly headerOffsetMinutes: number;
    readonly organizationPermissions?: Permissions;
    readonly tellsPresentMoment?: boolean;
  }): FineGrainedToken {
    const value = `github_pat_11${randomText(20).toUpperCase()}_${randomText(59)}`;
    const token: FineGrainedToken = {
      kind: 'fineGrained',
      id: (this.#lastTokenId += 1),
      name: 'promoter',
      organizationPermissions: {},
      tellsPresentMoment: false,
      ...fresh(value, this.#now()),
      ...wanted,
      reaches: (repository) =>
        repository.owner.id === wanted.resourceOwner.id && (wanted.repositories?.has(repository.id) ?? true),
    };
    this.#tokens.set(value, token);
    return token;
  }

  /** Whatever its state; undefined for what was never a token here. */
  token(value: string): Token | undefined {
    return this.#tokens.get(value);
  }

  /** Every token that there ever was, so that a test can look for them where they may not be. */
  tokens(): Token[] {
    return [...this.#tokens.values()];
  }

  /** Whether the forge would still take it. */
  isValid(token: Token): boolean {
    if (token.revoked || (token.expiresAt && token.expiresAt <= this.#now())) return false;
    return token.kind !== 'installation' || !token.installation.uninstalled;
  }
}

export function installationReaches(installation: Installation, repository: Repository): boolean {
  if (repository.owner.id !== installation.account.id) return false;
  return installation.repositories?.has(repository.id) ?? true;
}

function fresh(value: string, now: Date): TokenBase {
  return {
    value,
    createdAt: now,
    expiresAt: undefined,
    revoked: false,
    uses: 0,
    lastUsedAt: undefined,
    unknown: undefined,
  };
}

function randomText(length: number): string {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  return Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join('');
}
