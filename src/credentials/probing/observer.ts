import type { Credential } from '../../api/credential.ts';

/** Whom a Credential names to ask about its token, or why that one is not asked. */
export type Observer =
  | { readonly kind: 'observer'; readonly credential: Credential; readonly repository: string }
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * The Credential that `lastUsedFrom` names, and which of its repositories a token of it is minted for: one of the same owner as the
 * observed token's, since it is the owner that has the list. Undefined when none is named. Itself, one in a ring, one of another host and
 * one for no such repository are not asked.
 * @param named a Credential of the same namespace
 */
export function observerOf(
  { metadata, spec }: Credential,
  owner: string,
  named: (name: string) => Credential | undefined,
): Observer | undefined {
  const wanted = spec.lastUsedFrom?.credentialRef.name;
  if (wanted === undefined) return undefined;
  const credential = named(wanted);
  if (credential === undefined) {
    return unknown(
      `Credential ${wanted}, which lastUsedFrom names, does not exist; create it or correct the name`,
    );
  }
  if (isRing(metadata.name, wanted, named)) {
    return unknown(
      `lastUsedFrom leads from ${wanted} round in a ring; name a Credential that asks nobody itself`,
    );
  }
  if (credential.spec.host !== spec.host) {
    return unknown(
      `Credential ${wanted} is for ${credential.spec.host}, not ${spec.host}, so it is not asked`,
    );
  }
  const repository = credential.spec.repositories.find((each) =>
    each.toLowerCase().startsWith(`${owner.toLowerCase()}/`),
  );
  if (repository === undefined) {
    return unknown(
      `Credential ${wanted} is for no repository of ${owner}, so it is not asked; add one to its repositories`,
    );
  }
  return { kind: 'observer', credential, repository };
}

function isRing(from: string, first: string, named: (name: string) => Credential | undefined): boolean {
  const seen = new Set([from]);
  for (let name: string | undefined = first; name !== undefined;) {
    if (seen.has(name)) return true;
    seen.add(name);
    name = named(name)?.spec.lastUsedFrom?.credentialRef.name;
  }
  return false;
}

function unknown(why: string): Observer {
  return { kind: 'unknown', why };
}
