import { expect, test } from '@jest/globals';
import type { Credential } from '../../../src/api/credential.ts';
import { observerOf } from '../../../src/credentials/probing/observer.ts';
import { tokenCredential } from '../promoter.ts';

/** A Credential of this name that asks another one, or nobody. */
function named(name: string, asks?: string, spec: Partial<Credential['spec']> = {}): Credential {
  const { metadata, spec: usual } = tokenCredential('acme/fleet');
  const lastUsedFrom = asks === undefined ? {} : { lastUsedFrom: { credentialRef: { name: asks } } };
  return { metadata: { ...metadata, name }, spec: { ...usual, ...lastUsedFrom, ...spec } };
}

/** Whom the first of these asks about a token for repositories of acme. */
function observer(...[first, ...others]: readonly [Credential, ...Credential[]]): unknown {
  const all = [first, ...others];
  const found = observerOf(first, 'acme', (name) => all.find(({ metadata }) => metadata.name === name));
  if (found?.kind !== 'observer') return found;
  return `${found.credential.metadata.name} for ${found.repository}`;
}

test('nobody is asked when nobody is named', () => {
  expect(observer(named('own'))).toBeUndefined();
});

test('the one that is named is asked, with a repository of the same owner', () => {
  const repositories = ['globex/fleet', 'Acme/other', 'acme/fleet'];
  expect(observer(named('own', 'org'), named('org', undefined, { repositories }))).toBe('org for Acme/other');
});

test.each<[string, readonly [Credential, ...Credential[]], string]>([
  [
    'one that does not exist',
    [named('own', 'org')],
    'Credential org, which lastUsedFrom names, does not exist; create it or correct the name',
  ],
  [
    'itself',
    [named('own', 'own')],
    'lastUsedFrom leads from own round in a ring; name a Credential that asks nobody itself',
  ],
  [
    'one that asks it in turn',
    [named('own', 'org'), named('org', 'own')],
    'lastUsedFrom leads from org round in a ring; name a Credential that asks nobody itself',
  ],
  [
    'one of a ring that it is not in',
    [named('own', 'a'), named('a', 'b'), named('b', 'a')],
    'lastUsedFrom leads from a round in a ring; name a Credential that asks nobody itself',
  ],
  [
    'one of another host',
    [named('own', 'org'), named('org', undefined, { host: 'git.acme.example' })],
    'Credential org is for git.acme.example, not github.com, so it is not asked',
  ],
  [
    'one that is for no repository of that owner',
    [named('own', 'org'), named('org', undefined, { repositories: ['acme-corp/fleet'] })],
    'Credential org is for no repository of acme, so it is not asked; add one to its repositories',
  ],
])('%s is not asked', (_, credentials, why) => {
  expect(observer(...credentials)).toEqual({ kind: 'unknown', why });
});
