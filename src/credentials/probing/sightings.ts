import { LRUCache } from 'lru-cache';
import { addMs, type Clock } from '../../base/time.ts';
import type { Secret } from '../../base/secret.ts';
import type { Call } from '../../forges/forge.ts';
import type { ForgeIdentity, ObservedToken, Sighting } from '../../forges/identity.ts';
import type { ListedForge } from '../listed-forge.ts';
import type { AppMaterial, Material } from '../material/material.ts';
import { repositoryOf } from '../named-repository.ts';
import { problemOrThrow } from '../problem.ts';

/** How often an organization is asked about one token. */
const everyMs = 3_600_000;
const revokeMs = 5_000;

/** Whose token is looked at; `identity` is that of its material. */
export interface Observed extends ObservedToken {
  readonly identity: string;
}

/** Who looks at whose token. */
export interface Looking {
  readonly forge: ListedForge;
  readonly observer: Material;
  /** `owner/name`: what a token of the observer is minted for. */
  readonly repository: string;
  readonly observed: Observed;
}

/** When forges last saw tokens that are not told that themselves; each is asked about hourly at most, whatever the answer was. */
export class Sightings {
  readonly #known = new LRUCache<string, { readonly sighting: Sighting; readonly at: Date }>({ max: 1_000 });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What the forge says, or why that is not known; rejects when we are told to stop alone. */
  async of(looking: Looking, call: Call): Promise<Sighting> {
    const { observer, observed } = looking;
    const key = `${observed.identity} ${observer.identity}`;
    const now = this.#clock.now();
    const known = this.#known.get(key);
    if (known !== undefined && addMs(known.at, everyMs) > now) return known.sighting;
    const sighting = await look(looking, call);
    this.#known.set(key, { sighting, at: now });
    return sighting;
  }
}

async function look({ forge, observer, repository, observed }: Looking, call: Call): Promise<Sighting> {
  const { connection, provider } = forge;
  const identity = provider.identity(connection);
  const { sightingOf } = identity;
  if (sightingOf === undefined) {
    return {
      kind: 'unknown',
      why: `${connection.endpoint.host} tells nobody when a token of others was used`,
    };
  }
  const { identity: _kept, ...token } = observed;
  try {
    if (observer.kind === 'token') return await sightingOf(observer.token, token, call);
    return await withMinted({ identity, forge, observer, repository }, call, (minted) =>
      sightingOf(minted, token, call),
    );
  } catch (thrown) {
    return { kind: 'unknown', why: problemOrThrow(thrown, call.signal).message };
  }
}

/** Mints a token that may look at the list and do nothing else, and revokes it. */
async function withMinted<T>(
  {
    identity,
    forge,
    observer: { key },
    repository: path,
  }: {
    readonly identity: ForgeIdentity;
    readonly forge: ListedForge;
    readonly observer: AppMaterial;
    readonly repository: string;
  },
  call: Call,
  use: (token: Secret) => Promise<T>,
): Promise<T> {
  const repository = repositoryOf(path);
  const { id: installation } = await identity.findInstallation(key, { repository }, call);
  const { token } = await identity.mintToken(
    {
      key,
      installation,
      repositories: [{ name: repository.name }],
      permissions: forge.provider.permissions.observe ?? [],
    },
    call,
  );
  try {
    return await use(token);
  } finally {
    // It ends by itself within the hour.
    await identity.revokeToken(token, { signal: AbortSignal.timeout(revokeMs) }).catch(() => undefined);
  }
}
