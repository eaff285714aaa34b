import { LRUCache } from 'lru-cache';
import { addMs, toTimestamp, type Clock } from '../../base/time.ts';
import type { Secret } from '../../base/secret.ts';
import type { Call } from '../../forges/forge.ts';
import type { ForgeIdentity, ObservedToken, Sighting } from '../../forges/identity.ts';
import type { ListedForge } from '../listed-forge.ts';
import type { AppMaterial, Material } from '../material/material.ts';
import { repositoryOf } from '../named-repository.ts';
import { leavesUntold } from '../health/untold.ts';
import { problemOrThrow } from '../problem.ts';
import type { OwnCalls } from './own-calls.ts';

/** How often an organization is asked about one token. */
const everyMs = 3_600_000;

/** How soon it is asked again where the forge did not answer: with the next probe of a token that works. */
const retryMs = 10 * 60_000;
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

type Found = Extract<Sighting, { kind: 'found' }>;

/** What is known of a token by the list that it stands in. */
export interface Sighted {
  /** What the list said last; absent when it says nothing of the token, or was never read. */
  readonly found?: Found;
  /** Why the list was not read, or says nothing of the token; beside `found`: why it was not read again, and of when that is. */
  readonly why?: string;
}

interface Looked {
  readonly sighted: Sighted;
  readonly foundAt?: Date;
  readonly dueAt: Date;
}

interface Known extends Looked {
  readonly askedAs: string;
}

/**
 * When forges last saw tokens that are not told that themselves. Each is asked about hourly at most, be the answer yes or no. Where there
 * is none, what was found before stands, and it is asked for again after ten minutes.
 */
export class Sightings {
  readonly #known = new LRUCache<string, Known>({ max: 1_000 });
  readonly #ownCalls: OwnCalls;
  readonly #clock: Clock;

  constructor(ownCalls: OwnCalls, clock: Clock) {
    this.#ownCalls = ownCalls;
    this.#clock = clock;
  }

  /** What the forge says, or why that is not known; rejects when we are told to stop alone. */
  async of(looking: Looking, call: Call): Promise<Sighted> {
    const { observer, observed } = looking;
    const key = `${observed.identity} ${observer.identity}`;
    const askedAs = JSON.stringify([observed.owner, observed.expiresAt, observed.alsoNeeds]);
    const now = this.#clock.now();
    const before = this.#known.get(key);
    // It is looked for anew under another name or end, and judged anew when promotions have come to take more.
    if (before !== undefined && before.dueAt > now && before.askedAs === askedAs) return before.sighted;
    if (observer.kind === 'token') this.#ownCalls.note(observer.identity);
    const looked = await look(looking, { now, before }, call);
    this.#known.set(key, { ...looked, askedAs });
    return looked.sighted;
  }
}

async function look(
  { forge, observer, repository, observed }: Looking,
  { now, before }: { readonly now: Date; readonly before: Looked | undefined },
  call: Call,
): Promise<Looked> {
  const { connection, provider } = forge;
  const identity = provider.identity(connection);
  const { sightingOf } = identity;
  const dueAt = addMs(now, everyMs);
  if (sightingOf === undefined) {
    const why = `${connection.endpoint.host} tells nobody when a token of others was used`;
    return { sighted: { why }, dueAt };
  }
  const { identity: _kept, ...token } = observed;
  try {
    const sighting =
      observer.kind === 'token'
        ? await sightingOf(observer.token, token, call)
        : await withMinted({ identity, forge, observer, repository }, call, (minted) =>
            sightingOf(minted, token, call),
          );
    return sighting.kind === 'found'
      ? { sighted: { found: sighting }, foundAt: now, dueAt }
      : { sighted: { why: sighting.why }, dueAt };
  } catch (thrown) {
    const problem = problemOrThrow(thrown, call.signal);
    const why = problem.message;
    if (!leavesUntold(problem)) return { sighted: { why }, dueAt };
    return { ...untold(before, why), dueAt: latest(addMs(now, retryMs), problem.retryAt) };
  }
}

/** What the list said before stands. */
function untold(before: Looked | undefined, why: string): Omit<Looked, 'dueAt'> {
  const { sighted: { found } = {}, foundAt } = before ?? {};
  if (found === undefined || foundAt === undefined) return { sighted: { why } };
  return {
    sighted: { found, why: `${why}; what its list says of the token is of ${toTimestamp(foundAt)}` },
    foundAt,
  };
}

function latest(one: Date, other: Date | undefined): Date {
  return other === undefined || one > other ? one : other;
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
