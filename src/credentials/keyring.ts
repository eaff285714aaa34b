import { LRUCache } from 'lru-cache';
import type { Credential } from '../api/credential.ts';
import { addMs, type Clock } from '../base/time.ts';
import { isForgeError } from '../forges/errors.ts';
import type {
  AppFacts,
  AppKey,
  Call,
  Connection,
  Forge,
  ForgeIdentity,
  ForgeReader,
  Installation,
  MintedToken,
  Provider,
  Repository,
} from '../forges/forge.ts';
import type { CredentialFacts } from './credential.ts';
import { readMaterial, secretNameOf, type Material, type StoredSecret } from './material.ts';
import { CredentialProblem, isOfCredential, problemOf } from './problem.ts';
import { ReadTokens, type Held, type TokenName } from './read-tokens.ts';
import { readerThrough, type Reading } from './reader-through.ts';
import type { Doing, Uses } from './uses.ts';

/** One forge of the operator's list. */
export interface ListedForge {
  readonly connection: Connection;
  readonly provider: Provider;
}

/** Reads one Secret by its name; rejects with a CredentialProblem when it is absent or may not be read. */
export type SecretReader = (namespace: string, name: string, call: Call) => Promise<StoredSecret>;

export interface KeyringParts {
  /** By host. What is not in it does not exist. */
  readonly forges: ReadonlyMap<string, ListedForge>;
  readonly readSecret: SecretReader;
  readonly uses: Uses;
  readonly clock: Clock;
  /** Told when a write token could not be revoked; it dies by itself within the hour. */
  readonly onUnrevoked: (credential: string) => void;
}

/** For whom a credential is opened. */
export interface Purpose {
  readonly pipeline: string;
  readonly environment: string;
  readonly host: string;
  readonly repository: Repository;
}

/** One repository through one credential. */
export interface Access {
  readonly reader: ForgeReader;
  /** Who pull requests and commits appear to be from. */
  readonly login: string;
  /** Runs `act` with a token minted for it alone (one repository; contents and pull requests), which is revoked when it ends, however it ends. */
  readonly write: <T>(act: (forge: Forge) => Promise<T>) => Promise<T>;
}

/** A repository opened: each reading uses the read token of the moment. */
interface Opened {
  readonly login: string;
  readonly read: Reading;
  readonly write: Access['write'];
}

/** A Credential's Secret as it is now. */
export interface Inspected {
  /** Differs for every other key or Secret. */
  readonly identity: string;
  /** Asks the forge about it: one request in the steady state. */
  readonly probe: () => Promise<CredentialFacts>;
}

/** The only place that turns a Credential into something that can act. Holds no secret longer than its tokens live. */
export class Keyring {
  readonly #parts: KeyringParts;
  readonly #readTokens: ReadTokens;
  /** Facts by the material that they are true of: another key is another entry. */
  readonly #apps = new LRUCache<string, AppFacts>({ max: 1_000 });
  readonly #logins = new LRUCache<string, string>({ max: 1_000 });
  readonly #installations = new LRUCache<string, { readonly found: Installation; readonly at: Date }>({
    max: 2_000,
  });

  constructor(parts: KeyringParts) {
    this.#parts = parts;
    this.#readTokens = new ReadTokens(parts.clock);
  }

  /**
   * Opens a repository through a Credential. Rejects with a CredentialProblem or ForgeError; a host that the operator does not list,
   * or a repository that the Credential does not, is refused before a byte is sent or the Secret is read.
   */
  async open(credential: Credential, purpose: Purpose, call: Call): Promise<Access> {
    const name = nameOf(credential);
    const forge = this.#allowed(credential, purpose);
    const material = await this.#material(credential, call);
    const by = `${purpose.pipeline} ${purpose.environment}`;
    const where = `${purpose.repository.owner}/${purpose.repository.name}`;
    const used = (): void =>
      this.#parts.uses.note(name, purpose.pipeline, { time: this.#parts.clock.now(), by });
    const heeding = async <T>(doing: Doing, work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (thrown) {
        this.#heed(name, where, doing, thrown, () =>
          this.#installations.delete(installationKey(forge, material, purpose.repository)),
        );
        throw thrown;
      }
    };
    const { login, read, write } = await heeding('reading', () =>
      material.kind === 'app'
        ? this.#openApp(forge, material, purpose.repository, name, call)
        : this.#openToken(forge, material, purpose.repository, call),
    );
    return {
      login,
      reader: readerThrough((use) =>
        heeding('reading', async () => {
          const answer = await read(use);
          used();
          this.#parts.uses.accepted(name, where, 'reading');
          return answer;
        }),
      ),
      write: (act) =>
        heeding('writing', async () => {
          const answer = await write(act);
          used();
          this.#parts.uses.accepted(name, where, 'writing');
          return answer;
        }),
    };
  }

  /** Reads a Credential's Secret; not when the operator does not list its host. */
  async inspect(credential: Credential, call: Call): Promise<Inspected> {
    const forge = this.#listed(credential.spec.host);
    const material = await this.#material(credential, call);
    return {
      identity: material.identity,
      probe: () => this.#probe(forge, material, credential, call),
    };
  }

  async #probe(
    forge: ListedForge,
    material: Material,
    credential: Credential,
    call: Call,
  ): Promise<CredentialFacts> {
    const identity = forge.provider.identity(forge.connection);
    const repository = repositoryOf(probedRepository(credential));
    if (material.kind === 'token') {
      return { kind: 'token', token: await identity.describeToken(material.token, { repository }, call) };
    }
    const app = await this.#describeApp(forge, identity, material, call);
    const installation = await identity.findInstallation(material.key, { repository }, call);
    this.#installations.set(installationKey(forge, material, repository), {
      found: installation,
      at: this.#parts.clock.now(),
    });
    const missing = forge.provider.permissions.write.filter(
      (each) => !installation.permissions.includes(each),
    );
    return { kind: 'app', app, installation, missing };
  }

  /** HostNotAllowed unless the operator lists the host. */
  #listed(host: string): ListedForge {
    const forge = this.#parts.forges.get(host);
    if (forge !== undefined) return forge;
    const known = [...this.#parts.forges.keys()].join(', ');
    throw new CredentialProblem(
      'HostNotAllowed',
      `${host} is not on the operator's list of forges (${known}); ask the operator to add it, or correct url and host`,
    );
  }

  #allowed({ metadata, spec }: Credential, { host, repository }: Purpose): ListedForge {
    const forge = this.#listed(host);
    if (spec.host !== host) {
      throw new CredentialProblem(
        'HostNotAllowed',
        `Credential ${metadata.name} is for ${spec.host}, not ${host}; correct its host, or url`,
      );
    }
    const wanted = `${repository.owner}/${repository.name}`;
    if (!spec.repositories.some((each) => each.toLowerCase() === wanted.toLowerCase())) {
      throw new CredentialProblem(
        'RepositoryNotAllowed',
        `Credential ${metadata.name} is not for ${wanted}; add it to its repositories or correct url`,
      );
    }
    return forge;
  }

  async #material({ metadata, spec }: Credential, call: Call): Promise<Material> {
    const secret = secretNameOf(spec);
    const stored = await this.#parts.readSecret(metadata.namespace, secret, call);
    return readMaterial(spec, `${metadata.namespace}/${secret}`, stored);
  }

  async #openApp(
    forge: ListedForge,
    material: Extract<Material, { kind: 'app' }>,
    repository: Repository,
    credential: string,
    call: Call,
  ): Promise<Opened> {
    const { connection, provider } = forge;
    const identity = provider.identity(connection);
    const app = await this.#describeApp(forge, identity, material, call);
    const installation = await this.#installation(forge, identity, material, repository, call);
    const request = (permissions: readonly string[]) => ({
      key: material.key,
      installation,
      repositories: [{ name: repository.name }],
      permissions,
    });
    const name: TokenName = {
      host: connection.endpoint.host,
      identity: material.identity,
      installation,
      repositories: [`${repository.owner}/${repository.name}`],
      permissions: provider.permissions.read,
    };
    const open = (token: MintedToken, mintedAt: Date): Forge =>
      provider.open(connection, repository, { value: token.token, mintedAt });
    const read: Reading = async (use) => {
      const get = (): Promise<Held> =>
        this.#readTokens.get(name, () => identity.mintToken(request(provider.permissions.read), call));
      const held = await get();
      try {
        return await use(open(held.minted, held.mintedAt));
      } catch (thrown) {
        const code = isForgeError(thrown) ? thrown.code : undefined;
        // A repository that is made anew under its old name is another one to a token that was minted before.
        if (code === 'Unauthorized' || code === 'NotFound') this.#readTokens.drop(name, held);
        // Revoked, or the App was changed: another one may do.
        if (code !== 'Unauthorized') throw thrown;
        const again = await get();
        return await use(open(again.minted, again.mintedAt));
      }
    };
    return {
      login: app.login,
      read,
      write: async (act) => {
        const minted = await identity.mintToken(request(provider.permissions.write), call);
        try {
          return await act(open(minted, this.#parts.clock.now()));
        } finally {
          // Also when we are told to stop: a live write token must not outlive the act.
          await identity
            .revokeToken(minted.token, { signal: AbortSignal.timeout(5_000) })
            .catch(() => this.#parts.onUnrevoked(credential));
        }
      },
    };
  }

  async #openToken(
    { connection, provider }: ListedForge,
    material: Extract<Material, { kind: 'token' }>,
    repository: Repository,
    call: Call,
  ): Promise<Opened> {
    const forge = provider.open(connection, repository, { value: material.token });
    const key = `${connection.endpoint.host} ${material.identity}`;
    let login = this.#logins.get(key);
    if (login === undefined) {
      login = (await provider.identity(connection).describeToken(material.token, { repository }, call)).owner.login;
      this.#logins.set(key, login);
    }
    return { login, read: (use) => use(forge), write: (act) => act(forge) };
  }

  async #describeApp(
    { connection }: ListedForge,
    identity: ForgeIdentity,
    material: { readonly key: AppKey; readonly identity: string },
    call: Call,
  ): Promise<AppFacts> {
    const key = `${connection.endpoint.host} ${material.identity}`;
    const known = this.#apps.get(key);
    if (known !== undefined) return known;
    const found = await identity.describeApp(material.key, call);
    this.#apps.set(key, found);
    return found;
  }

  async #installation(
    forge: ListedForge,
    identity: ForgeIdentity,
    material: Extract<Material, { kind: 'app' }>,
    repository: Repository,
    call: Call,
  ): Promise<string> {
    if (material.key.installationId !== undefined) return material.key.installationId;
    const key = installationKey(forge, material, repository);
    const known = this.#installations.get(key);
    const now = this.#parts.clock.now();
    if (known !== undefined && addMs(known.at, installationTtlMs) > now) return known.found.id;
    const found = await identity.findInstallation(material.key, { repository }, call);
    this.#installations.set(key, { found, at: now });
    return found.id;
  }

  /** Keeps what a failure tells of the credential's health, and forgets what it proves wrong. */
  #heed(credential: string, where: string, doing: Doing, thrown: unknown, forget: () => void): void {
    const problem = problemOf(thrown);
    if (problem === undefined || !isOfCredential(problem)) return;
    forget();
    this.#parts.uses.refused(credential, where, doing, problem);
  }
}

/** How long an installation is believed to be where it was found. */
const installationTtlMs = 10 * 60_000;

export function nameOf({ metadata }: Credential): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** The repository that a probe asks about, as spec has it: the first that the Credential is for. */
export function probedRepository({ spec }: Credential): string {
  return spec.repositories[0] ?? '';
}

function installationKey(
  { connection }: ListedForge,
  material: Material,
  { owner, name }: Repository,
): string {
  return [connection.endpoint.host, material.identity, owner, name].join(' ');
}

function repositoryOf(path: string): Repository {
  const cut = path.lastIndexOf('/');
  return { owner: path.slice(0, cut), name: path.slice(cut + 1) };
}
