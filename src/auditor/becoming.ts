import { becomingAccounts, becomingMembers, becomingUsers, type Becoming } from './indirect.ts';
import { isNamed } from './match.ts';
import type { RbacIndex } from './rbac-index.ts';
import { accountsNamespaceOf, everyStranger, everyUser, type Subject } from './subjects.ts';

/**
 * Who can act as this subject, and how.
 *
 * @param isNew asked once for each namespace: whoever can act as all of its service accounts is left out when it says no
 */
export function becomersOf(
  subject: Subject,
  { index, namespace, isNew }: { index: RbacIndex; namespace: string; isNew: (namespace: string) => boolean },
): readonly Becoming[] {
  if (subject.namespace !== undefined) {
    const { any, named } = becomingAccounts(index, subject.namespace);
    return [...(isNew(subject.namespace) ? any : []), ...named.filter(isOf(subject))];
  }
  if (subject.kind === 'User') return becomingUsers(index).filter(isOf(subject));
  // Everybody is one of these already.
  if (subject.name === everyUser || subject.name === everyStranger) return [];
  const of = accountsNamespaceOf(subject);
  if (of === undefined) return becomingMembers(index).filter(isOf(subject));
  // Whoever is bound in the whole cluster can be found from any namespace.
  const namespaces = of === '' ? new Set([namespace, ...index.boundNamespaces()]) : [of];
  return [...namespaces].flatMap((each) => {
    const { any, named } = becomingAccounts(index, each);
    return [...(isNew(each) ? any : []), ...named];
  });
}

function isOf({ name }: Subject): (way: Becoming) => boolean {
  return ({ names }) => isNamed(names, name);
}
