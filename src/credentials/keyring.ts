import type { Credential } from '../api/credential.ts';
import type { Clock } from '../base/time.ts';
import { callsOf } from '../forges/budget/calls-of.ts';
import type { Call, Forge, ForgeReader, Repository } from '../forges/forge.ts';
import type { AppFacts, Subject } from '../forges/identity.ts';
import type { Plan } from '../forges/plan.ts';
import { allowedForge, listedForge } from './allowed.ts';
import type { CredentialFacts } from './credential.ts';
import { CurrentSecrets, type SecretUse } from './material/current-secrets.ts';
import { InstalledApps } from './opening/installed.ts';
import type { ListedForge } from './listed-forge.ts';
import { Logins } from './opening/logins.ts';
import { readMaterial, secretNameOf, type Material } from './material/material.ts';
import { repositoryOf } from './named-repository.ts';
import { Needs, needsOf, type MetNeed } from './needs.ts';
import { observerOf } from './probing/observer.ts';
import type { Opened } from './opening/opened.ts';
import { openApp } from './opening/opened-app.ts';
import { openToken } from './opening/opened-token.ts';
import { OwnCalls } from './probing/own-calls.ts';
import { AppProbes } from './probing/probe.ts';
import { isOfCredential, problemOf, problemOrThrow } from './problem.ts';
import { ReadTokens } from './opening/read-tokens.ts';
import { readerThrough } from '../forges/through.ts';
import { Session } from './opening/session.ts';
import { Sightings, type Observed, type Sighted } from './probing/sightings.ts';
import { TokenProbes } from './probing/token-probes.ts';
import type { StoredSecret } from './material/stored-value.ts';
import type { Doing, Uses } from './health/uses.ts';
import { write } from './opening/writing.ts';

/** Reads one Secret by its name; rejects with a CredentialProblem when it is absent or may not be read. */
export type SecretReader = (namespace: string, name: string, call: Call) => Promise<StoredSecret>;

export interface KeyringParts {
  /** By host. What is not in it does not exist. */
  readonly forges: ReadonlyMap<string, ListedForge>;
  readonly readSecret: SecretReader;
  /** Another Credential, for those that are to be asked about a token. */
  readonly credential: (namespace: string, name: string) => Credential | undefined;
  /** Whether others name it in `lastUsedFrom`, and Pipelines do not, or do as well. */
  readonly observes: (namespace: string, name: string) => Subject['observes'];
  readonly uses: Uses;
  readonly clock: Clock;
  /** Told when a write token could not be revoked; it dies by itself within the hour. */
  readonly onUnrevoked: (credential: string) => void;
}

/** For whom a credential is opened. */
export interface Purpose {
  readonly pipeline: string;
  readonly environment: string;
  /** It goes before others of its namespace where budget is short. */
  readonly isProtected?: boolean;
  readonly host: string;
  readonly repository: Repository;
}

/** One repository through one credential. */
export interface Access {
  readonly reader: ForgeReader;
  /** Who pull requests and commits appear to be from. */
  readonly login: string;
  /**
   * Runs `act` with a token minted for it alone (one repository; contents and pull requests, and what changing these files takes beyond
   * that), which is revoked when it ends, however it ends. Rejects with WaitingForBudget, and begins nothing, while the forge does not
   * take all that is planned.
   */
  readonly write: <T>(act: (forge: Forge) => Promise<T>, plan?: Plan) => Promise<T>;
}

/** A Credential's Secret as it is now. */
export interface Inspected {
  /** Differs for every other key or Secret. */
  readonly identity: string;
  /**
   * Asks the forge about it: one request in the steady state, and hourly what it takes to ask whom `lastUsedFrom` names, and to
   * count what an App's key opens.
   * @param repository for which of its own, as spec has it; absent: the first
   */
  readonly probe: (repository?: string) => Promise<CredentialFacts>;
  /** Whose it is where a probe cannot tell, since the App is not where it is looked for. Undefined of what is no App's key. */
  readonly app: () => Promise<AppFacts | undefined>;
}

/**
 * The only place that turns a Credential into something that can act. Secrets are read at each use and not kept, since
 * parsing one takes 1 ms: of keys nothing outlives a pass, and of tokens what was minted for reading.
 */
export class Keyring {
  readonly #parts: KeyringParts;
  readonly #secrets = new CurrentSecrets();
  readonly #installed = new InstalledApps();
  readonly #logins = new Logins();
  readonly #needs: Needs;
  readonly #readTokens: ReadTokens;
  readonly #ownCalls: OwnCalls;
  readonly #appProbes: AppProbes;
  readonly #tokenProbes: TokenProbes;
  readonly #sightings: Sightings;

  constructor(parts: KeyringParts) {
    this.#parts = parts;
    this.#needs = new Needs(parts.clock);
    this.#readTokens = new ReadTokens(parts.clock);
    this.#appProbes = new AppProbes(this.#installed, parts.clock);
    this.#ownCalls = new OwnCalls(parts.clock);
    this.#tokenProbes = new TokenProbes(this.#ownCalls);
    this.#sightings = new Sightings(this.#ownCalls, parts.clock);
  }

  /**
   * Opens a repository through a Credential. Rejects with a CredentialProblem or ForgeError; a host that the operator does not list,
   * or a repository that the Credential does not, is refused before a byte is sent or the Secret is read.
   */
  async open(credential: Credential, purpose: Purpose, call: Call): Promise<Access> {
    const name = nameOf(credential);
    const forge = allowedForge(this.#parts.forges, credential, purpose);
    const where = `${purpose.repository.owner}/${purpose.repository.name}`;
    const by = `${purpose.pipeline} ${purpose.environment}`;
    const open = async (): Promise<Opened> => {
      const material = await this.#material(credential, forge, call);
      return await this.#openWith({ credential, forge, material, purpose }, call);
    };
    const heeding = async <T>(doing: Doing, work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (thrown) {
        this.#heed(name, where, doing, thrown);
        throw thrown;
      }
    };
    const session = new Session({
      opened: await heeding('reading', open),
      renew: async (before) => {
        const material = await this.#material(credential, forge, call);
        if (material.identity === before.identity) return undefined;
        return await this.#openWith({ credential, forge, material, purpose }, call);
      },
      isReplaced: ({ identity }) =>
        this.#secrets.isReplaced(useOf(credential, secretNameOf(credential.spec)), identity),
    });
    const accepted = (doing: Doing): void => {
      const { uses, clock } = this.#parts;
      uses.note(name, purpose.pipeline, { time: clock.now(), by });
      uses.accepted(name, where, doing);
    };
    return {
      get login() {
        return session.login;
      },
      reader: readerThrough((use) =>
        heeding('reading', async () => {
          const answer = await session.run((opened) => opened.read(use));
          accepted('reading');
          return answer;
        }),
      ),
      write: (act, plan = {}) =>
        heeding('writing', async () => {
          const needs = needsOf(forge.provider, { by, paths: plan.changes ?? [] });
          this.#needs.note(name, needs);
          const answer = await write(session, act, needs, (account) =>
            forge.budget?.reserve({
              account,
              act: by,
              spender: purpose.pipeline,
              isProtected: purpose.isProtected ?? false,
              calls: callsOf(plan),
            }),
          );
          accepted('writing');
          return answer;
        }),
    };
  }

  /** Reads a Credential's Secret; not when the operator does not list its host. */
  async inspect(credential: Credential, call: Call): Promise<Inspected> {
    const forge = listedForge(this.#parts.forges, credential.spec.host);
    const material = await this.#material(credential, forge, call);
    return {
      identity: material.identity,
      probe: (repository = firstRepository(credential)) =>
        this.#probe({ forge, material, credential, repository: repositoryOf(repository) }, call),
      app: async () =>
        material.kind === 'app' ? await this.#appProbes.owner({ forge, material }, call) : undefined,
    };
  }

  /** The Credential is gone: what was minted for it ends, unless another one names the same Secret. @param credential `namespace/name` */
  forget(credential: string): void {
    this.#needs.forget(credential);
    this.#retire(this.#secrets.leave(credential));
  }

  /** Takes back the read tokens that are still alive, in two seconds at most. Passes should have ended; what they mint now is revoked at once. */
  async close(): Promise<void> {
    await this.#readTokens.close(closeWithinMs);
  }

  async #probe(
    {
      forge,
      material,
      credential,
      repository,
    }: {
      readonly forge: ListedForge;
      readonly material: Material;
      readonly credential: Credential;
      readonly repository: Repository;
    },
    call: Call,
  ): Promise<CredentialFacts> {
    this.#needs.recall(nameOf(credential), writtenNeeds(credential), forge.provider);
    const needs = this.#needs.of(nameOf(credential));
    const { namespace, name } = credential.metadata;
    const observes = this.#parts.observes(namespace, name);
    const alsoNeeds = needs.map(({ permission }) => permission);
    const probing = { forge, repository, alsoNeeds, ...(observes === undefined ? {} : { observes }) };
    const facts =
      material.kind === 'app'
        ? await this.#appProbes.probe({ ...probing, material, listed: credential.spec.repositories }, call)
        : await this.#tokenProbes.probe(
            { ...probing, material, written: credential.status },
            (token) => this.#sight(credential, forge, token, call),
            call,
          );
    const { login } = facts.kind === 'app' ? facts.app : facts.token.owner;
    this.#logins.learn(forge.connection.endpoint.host, material.identity, login);
    return needs.length === 0 ? facts : { ...facts, needs };
  }

  /** What the one whom `lastUsedFrom` names can tell of the token. */
  async #sight(
    credential: Credential,
    forge: ListedForge,
    token: Omit<Observed, 'organization'>,
    call: Call,
  ): Promise<Sighted> {
    const { namespace } = credential.metadata;
    const organization = repositoryOf(firstRepository(credential)).owner;
    const found = observerOf(credential, organization, (name) => this.#parts.credential(namespace, name));
    if (found === undefined) return {};
    if (found.kind === 'unknown') return { why: found.why };
    const { repository } = found;
    try {
      const observer = await this.#material(found.credential, forge, call);
      return await this.#sightings.of(
        { forge, observer, repository, observed: { ...token, organization } },
        call,
      );
    } catch (thrown) {
      return { why: problemOrThrow(thrown, call.signal).message };
    }
  }

  /** What the Secret holds now; what came of another key that it held before ends. */
  async #material(credential: Credential, forge: ListedForge, call: Call): Promise<Material> {
    const { metadata, spec } = credential;
    const name = secretNameOf(spec);
    const use = useOf(credential, name);
    let stored: StoredSecret;
    try {
      stored = await this.#parts.readSecret(metadata.namespace, name, call);
    } catch (thrown) {
      if (problemOf(thrown) !== undefined) this.#retire(this.#secrets.lost(use));
      throw thrown;
    }
    let material: Material | undefined;
    try {
      material = readMaterial(spec, { ...stored, where: use.secret }, forge);
      return material;
    } finally {
      const { uid, resourceVersion } = stored;
      const seen = { uid, resourceVersion, identity: material?.identity };
      this.#retire(this.#secrets.saw(nameOf(credential), use, seen));
    }
  }

  #openWith(
    {
      credential,
      forge,
      material,
      purpose: { repository },
    }: {
      readonly credential: Credential;
      readonly forge: ListedForge;
      readonly material: Material;
      readonly purpose: Purpose;
    },
    call: Call,
  ): Promise<Opened> {
    const kept = { logins: this.#logins, installed: this.#installed, readTokens: this.#readTokens };
    if (material.kind === 'token') {
      const ownCalls = this.#ownCalls;
      return openToken({ forge, material, repository, ownCalls, ...kept }, call);
    }
    const { clock, onUnrevoked } = this.#parts;
    const told = { clock, onUnrevoked: () => onUnrevoked(nameOf(credential)) };
    return openApp({ forge, material, repository, ...kept, ...told }, call);
  }

  #retire(identities: readonly string[]): void {
    for (const identity of identities) {
      this.#readTokens.retire(identity);
      this.#installed.retire(identity);
      this.#ownCalls.forget(identity);
    }
  }

  /** Keeps what a failure tells of the credential's health. */
  #heed(credential: string, where: string, doing: Doing, thrown: unknown): void {
    const problem = problemOf(thrown);
    if (problem !== undefined && isOfCredential(problem))
      this.#parts.uses.refused(credential, where, doing, problem);
  }
}

/** Beside what else ends then, it stays within the ten seconds of stopping. */
const closeWithinMs = 2_000;

export function nameOf({ metadata }: Credential): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function firstRepository({ spec }: Credential): string {
  return spec.repositories[0] ?? '';
}

function writtenNeeds({ status }: Credential): MetNeed[] {
  return (status?.scope?.needs ?? []).map((need) => ({ ...need, time: new Date(need.time) }));
}

function useOf({ metadata, spec }: Credential, secret: string): SecretUse {
  return {
    secret: `${metadata.namespace}/${secret}`,
    kind: spec.githubApp === undefined ? 'token' : 'app',
    host: spec.host,
  };
}
