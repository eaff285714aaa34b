import { LRUCache } from 'lru-cache';
import type { CredentialStatus } from '../../api/credential.ts';
import type { Call } from '../../forges/forge.ts';
import type { ForgeLastUsed, ObservedToken, TokenFacts } from '../../forges/identity.ts';
import type { CredentialFacts } from '../credential.ts';
import type { TokenMaterial } from '../material/material.ts';
import { describedToken } from './described-token.ts';
import type { OwnCalls } from './own-calls.ts';
import type { Probing } from './probe.ts';
import type { Observed, Sighted } from './sightings.ts';

/** By what a list tells a token. */
type Row = Pick<ObservedToken, 'owner' | 'expiresAt'>;

/** Asks whoever is named to know more of a token. */
type Sight = (observed: Omit<Observed, 'organization'>) => Promise<Sighted>;

type TokenProbing = Probing<TokenMaterial> & { readonly written: CredentialStatus | undefined };

/** Asks forges about stored tokens: one request a probe. */
export class TokenProbes {
  readonly #rows = new LRUCache<string, Row>({ max: 1_000 });
  readonly #ownCalls: OwnCalls;

  constructor(ownCalls: OwnCalls) {
    this.#ownCalls = ownCalls;
  }

  /**
   * The last use that it tells of was by somebody else.
   * @param written what the Credential's status says, perhaps from an earlier process
   */
  async probe(
    { forge, material, written, ...subject }: TokenProbing,
    sight: Sight,
    call: Call,
  ): Promise<CredentialFacts> {
    const { token, identity } = material;
    this.#resume(material, written);
    const look = (at: Row): Promise<Sighted> =>
      sight({ token, identity, ...at, alsoNeeds: subject.alsoNeeds });
    const before = this.#rows.get(identity);
    // To ask with the token is to use it: a list that is read after that says so, and nothing of others.
    const early = before === undefined ? undefined : await look(before);
    this.#ownCalls.note(identity);
    const facts = await describedToken(forge, token, subject, call);
    const row = rowOf(facts);
    this.#rows.set(identity, row);
    const { found, why } = early !== undefined && isSame(before, row) ? early : await look(row);
    const { scope, rate, lastUsed, isUnguessable } = facts;
    const { host } = forge.connection.endpoint;
    return {
      kind: 'token',
      token: { ...facts, scope: scope.verdict === 'Unknown' ? (found?.scope ?? scope) : scope },
      ...(isUnguessable ? { tokenHash: hashOf(material) } : {}),
      ...this.#byOthers(identity, lastUsed ?? found?.lastUsed),
      ...untold(why ?? (lastUsed === undefined ? undefined : countsOurs(host))),
      ...(rate === undefined ? {} : { rate }),
    };
  }

  #resume(material: TokenMaterial, written: CredentialStatus | undefined): void {
    if (written?.checkedTime === undefined) return;
    const isOfAnother = written.tokenHash !== undefined && written.tokenHash !== hashOf(material);
    if (!isOfAnother) this.#ownCalls.resume(material.identity, new Date(written.checkedTime));
  }

  #byOthers(identity: string, lastUsed: ForgeLastUsed | undefined): Pick<CredentialFacts, 'lastUsedOnForge'> {
    const isOthers = lastUsed !== undefined && !this.#ownCalls.isOurs(identity, lastUsed.time);
    return isOthers ? { lastUsedOnForge: lastUsed } : {};
  }
}

function untold(why: string | undefined): Pick<CredentialFacts, 'lastUsedUnknown'> {
  return why === undefined ? {} : { lastUsedUnknown: why };
}

/** Of a forge that answers the token itself, whose question is then its last use. */
function countsOurs(host: string): string {
  return `${host} tells the last use alone, and our own checks are uses to it: what others do between two of them is not seen`;
}

function rowOf({ owner, expiry }: TokenFacts): Row {
  return { owner: owner.login, ...(expiry.kind === 'at' ? { expiresAt: expiry.time } : {}) };
}

function isSame(one: Row | undefined, other: Row): boolean {
  return one?.owner === other.owner && one.expiresAt?.getTime() === other.expiresAt?.getTime();
}

/** As GitHub's audit log has it in `hashed_token`. */
function hashOf({ token }: TokenMaterial): string {
  return Buffer.from(token.fingerprint(), 'hex').toString('base64');
}
