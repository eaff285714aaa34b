import { LRUCache } from 'lru-cache';
import { addMs, type Clock } from '../../base/time.ts';
import { installationAccount } from '../../forges/budget/account-name.ts';
import type { Call } from '../../forges/forge.ts';
import type { AppFacts, Installation, Permission, Subject } from '../../forges/identity.ts';
import type { CredentialFacts } from '../credential.ts';
import { installedName, type InstalledApps } from '../opening/installed.ts';
import type { ListedForge } from '../listed-forge.ts';
import type { AppMaterial } from '../material/material.ts';
import { isOfCredential, problemOf } from '../problem.ts';
import { accountsOf, Reaches } from './reach.ts';

/** What the forge is asked about. */
export interface Probing<M> extends Subject {
  readonly forge: ListedForge;
  readonly material: M;
  readonly alsoNeeds: readonly Permission[];
}

type AppProbing = Probing<AppMaterial> & { readonly listed: readonly string[] };

/** How long what an App says of itself is believed, unless its name is seen to be another one. */
const describedMs = 24 * 3_600_000;

/** And where it is installed at more accounts than spec lists, which somebody may be mending. */
const describedBroadMs = 3_600_000;

/** Asks forges about Apps: one request a probe, but for the first, and daily what it takes to count what their keys open. */
export class AppProbes {
  readonly #described = new LRUCache<string, { readonly app: AppFacts; readonly at: Date }>({ max: 1_000 });
  readonly #installed: InstalledApps;
  readonly #reaches: Reaches;
  readonly #clock: Clock;

  constructor(installed: InstalledApps, clock: Clock) {
    this.#installed = installed;
    this.#reaches = new Reaches(clock);
    this.#clock = clock;
  }

  /**
   * What it finds out of the installation is kept for those who use it, and what it finds lost is forgotten.
   * @param probing with `spec.repositories` as `listed`
   */
  async probe(probing: AppProbing, call: Call): Promise<CredentialFacts> {
    try {
      return await this.#ask(probing, call);
    } catch (thrown) {
      const problem = problemOf(thrown);
      if (problem !== undefined && isOfCredential(problem)) {
        this.#installed.forget(installedName(probing.forge, probing.material, probing.repository));
      }
      throw thrown;
    }
  }

  /** Whose the key is, which can be told also where the App is installed nowhere. Asks unless a probe has asked before. */
  async owner(
    { forge, material }: Pick<Probing<AppMaterial>, 'forge' | 'material'>,
    call: Call,
  ): Promise<AppFacts> {
    const key = describedKey(forge, material);
    const known = this.#described.get(key);
    if (known !== undefined) return known.app;
    const app = await forge.provider.identity(forge.connection).describeApp(material.key, call);
    this.#described.set(key, { app, at: this.#clock.now() });
    return app;
  }

  async #ask(probing: AppProbing, call: Call): Promise<CredentialFacts> {
    const { forge, material, repository, alsoNeeds, observes, listed } = probing;
    const { connection, provider } = forge;
    const identity = provider.identity(connection);
    const subject = { repository, alsoNeeds, ...(observes === undefined ? {} : { observes }) };
    const name = installedName(forge, material, repository);
    const key = describedKey(forge, material);
    const described = this.#described.get(key);
    const isBroad = (described?.app.installations ?? 0) > accountsOf(listed);
    const believedMs = isBroad ? describedBroadMs : describedMs;
    const isOld = described === undefined || addMs(described.at, believedMs) <= this.#clock.now();
    // What is due once a day, or hourly, takes the place of what is due each time.
    const before = described !== undefined && isOld ? this.#installed.of(name) : undefined;
    const installation =
      before?.installation ?? (await identity.findInstallation(material.key, subject, call));
    if (before === undefined) this.#installed.found(name, installation);
    const isRenamed = described?.app.login !== installation.appLogin;
    let app = described?.app;
    if (app === undefined || isOld || isRenamed) {
      app = await identity.describeApp(material.key, call);
      this.#described.set(key, { app, at: this.#clock.now() });
    }
    const reach = await this.#reaches.of({ forge, material, app, installation, repository, listed }, call);
    const rate = forge.budget?.rateOf(installationAccount(installation.id));
    const facts = {
      kind: 'app',
      app,
      installation,
      missing: installation.scope.lacking,
      ...mintedWith(forge, installation, observes),
      reach,
    } as const;
    return { ...facts, ...(rate === undefined ? {} : { rate }) };
  }
}

function mintedWith(
  { provider: { permissions } }: ListedForge,
  installation: Installation,
  observes: Subject['observes'],
): { readonly mintedWith?: readonly Permission[] } {
  const { write, observe = [] } = permissions;
  if (observes === undefined) return {};
  const granted = observe.filter((each) => installation.permissions.includes(each));
  return { mintedWith: observes === 'only' ? granted : [...write, ...granted] };
}

function describedKey({ connection }: ListedForge, { identity }: AppMaterial): string {
  return `${connection.endpoint.host} ${identity}`;
}
