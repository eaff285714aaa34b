import { randomUUID } from 'node:crypto';
import type { Credential } from '../../src/api/credential.ts';
import { Secret } from '../../src/base/secret.ts';
import { addMs, type Clock } from '../../src/base/time.ts';
import { Keyring, type Purpose, type SecretReader } from '../../src/credentials/keyring.ts';
import type { ListedForge } from '../../src/credentials/listed-forge.ts';
import { CredentialProblem } from '../../src/credentials/problem.ts';
import { Uses } from '../../src/credentials/health/uses.ts';
import { connect, type OpenConnection } from '../../src/forges/connect.ts';
import { providers } from '../../src/forges/index.ts';
import { fleetFiles } from '../sandbox/fleet.ts';
import type { App, Installation } from '../sandbox/forge/credentials.ts';
import { startForge, type Forge } from '../sandbox/forge/forge.ts';
import { noLimits } from '../sandbox/forge/limits.ts';
import type { Permissions } from '../sandbox/forge/permission-set.ts';

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now = new Date();

  now(): Date {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now = addMs(this.#now, ms);
  }
}

export const minuteMs = 60_000;

/** Kubernetes' Secrets, as far as they are asked for by name. */
export class Secrets {
  /** `namespace/name` of each that was asked for. */
  readonly asked: string[] = [];
  readonly #stored = new Map<
    string,
    { readonly uid: string; readonly resourceVersion: number; readonly values: Record<string, string> }
  >();

  /** Changes a Secret, or makes it. @param name `namespace/name` */
  put(name: string, values: Record<string, string>): void {
    const { uid = randomUUID(), resourceVersion = 0 } = this.#stored.get(name) ?? {};
    this.#stored.set(name, { uid, resourceVersion: resourceVersion + 1, values });
  }

  remove(name: string): void {
    this.#stored.delete(name);
  }

  readonly read: SecretReader = (namespace, name) => {
    this.asked.push(`${namespace}/${name}`);
    const found = this.#stored.get(`${namespace}/${name}`);
    if (found === undefined)
      return Promise.reject(new CredentialProblem('Missing', `Secret ${namespace}/${name} is absent`));
    const { uid, resourceVersion, values } = found;
    const data = Object.entries(values).map(([key, value]) => [key, new Secret(value, 'stored')] as const);
    return Promise.resolve({ uid, resourceVersion: String(resourceVersion), data: new Map(data) });
  };
}

/** An owner on the forge with a repository and an App, and what promotes with them. */
export interface Promoter {
  /** `acme1/fleet`. */
  readonly fullName: string;
  readonly repository: { readonly owner: string; readonly name: string };
  readonly app: App;
  readonly installation: Installation;
  readonly privateKey: string;
  readonly credential: Credential;
  /** What others may be named by, as `namespace/name`; empty at first. */
  readonly credentials: Map<string, Credential>;
  /** Which of them others name in `lastUsedFrom`, and whether Pipelines name them too; empty at first. */
  readonly observers: Map<string, 'only' | 'also'>;
  readonly purpose: Purpose;
  readonly secrets: Secrets;
  readonly keyring: Keyring;
  /** Another one, with these forges by host. */
  readonly keyringOf: (forges: ReadonlyMap<string, ListedForge>) => Keyring;
  readonly uses: Uses;
  readonly clock: ManualClock;
  /** Credentials whose write token could not be revoked. */
  readonly unrevoked: string[];
}

const host = 'github.com';

const promoterPermissions: Permissions = {
  contents: 'write',
  pull_requests: 'write',
  metadata: 'read',
};

/** A forge with a connection to it; one serves all tests of a file, each with owners of its own. */
export class Acme {
  readonly forge: Forge;
  readonly connection: OpenConnection;
  readonly clock: ManualClock;
  #owners = 0;

  /** Use `startAcme`. */
  constructor(forge: Forge, connection: OpenConnection, clock: ManualClock) {
    this.forge = forge;
    this.connection = connection;
    this.clock = clock;
  }

  get listed(): ListedForge {
    return { connection: this.connection, provider: providers.github };
  }

  /** The same, as the operator may list it under another name. */
  listedAs(name: string): ListedForge {
    const { connection } = this;
    return {
      ...this.listed,
      connection: { ...connection, endpoint: { ...connection.endpoint, host: name } },
    };
  }

  /** A new owner; the forge forgets its faults and what it was asked. */
  async promoter(
    wanted: { readonly files?: Record<string, string>; readonly permissions?: Permissions } = {},
  ): Promise<Promoter> {
    const owner = `acme${(this.#owners += 1)}`;
    const fullName = `${owner}/fleet`;
    const { forge, clock } = this;
    forge.createOrganization(owner);
    await forge.createRepository(fullName, wanted.files ?? fleetFiles('6.1.0'));
    const permissions = wanted.permissions ?? promoterPermissions;
    const { app, privateKey } = forge.createApp({ slug: `${owner}-promoter`, owner, permissions });
    const installation = forge.install(app, owner, [fullName]);
    const secrets = new Secrets();
    secrets.put('apps/acme-promoter', { appId: String(app.id), privateKey });
    const uses = new Uses(clock, () => {});
    const credentials = new Map<string, Credential>();
    const observers = new Map<string, 'only' | 'also'>();
    const unrevoked: string[] = [];
    const keyringOf = (forges: ReadonlyMap<string, ListedForge>): Keyring =>
      new Keyring({
        forges,
        readSecret: secrets.read,
        credential: (namespace, name) => credentials.get(`${namespace}/${name}`),
        observes: (namespace, name) => observers.get(`${namespace}/${name}`),
        uses,
        clock,
        onUnrevoked: (name) => void unrevoked.push(name),
      });
    const keyring = keyringOf(new Map([[host, this.listed]]));
    forge.faults.clear();
    forge.log.clear();
    const repository = { owner, name: 'fleet' };
    return {
      fullName,
      repository,
      app,
      installation,
      privateKey,
      credential: appCredential(fullName),
      credentials,
      observers,
      purpose: { pipeline: 'apps/podinfo', environment: 'staging', host, repository },
      secrets,
      keyring,
      keyringOf,
      uses,
      clock,
      unrevoked,
    };
  }

  /** A person who may push to the promoter's repository, with a classic token. */
  person(login: string, { fullName }: Pick<Promoter, 'fullName'>): string {
    const { id } = this.forge.createUser(login);
    this.forge.world.repositories.require(fullName).collaborators.set(id, 'write');
    return this.forge.createToken(login, ['repo']);
  }

  /** What the forge was asked since the last promoter was made, as routes. */
  asked(): string[] {
    return this.forge.log.entries().map(({ route }) => route);
  }

  async stop(): Promise<void> {
    await this.connection.close();
    await this.forge.stop();
  }
}

export async function startAcme(): Promise<Acme> {
  const clock = new ManualClock();
  const forge = await startForge({ limits: noLimits, clock });
  const connection = connect(
    { host, provider: 'github', apiUrl: forge.urls.api, allowPrivateNetwork: true },
    { clock },
  );
  return new Acme(forge, connection, clock);
}

/** Credential apps/acme-promoter, with an App's key in Secret apps/acme-promoter. */
export function appCredential(...repositories: string[]): Credential {
  return {
    metadata: metadata('acme-promoter'),
    spec: { host, repositories, githubApp: { secretRef: { name: 'acme-promoter' } } },
  };
}

/** The same with a token in it. */
export function tokenCredential(...repositories: string[]): Credential {
  return {
    metadata: metadata('acme-promoter'),
    spec: { host, repositories, token: { secretRef: { name: 'acme-promoter' } } },
  };
}

function metadata(name: string): Credential['metadata'] {
  return { namespace: 'apps', name, uid: `uid-of-${name}`, resourceVersion: '1', generation: 1 };
}
