/** Who acts. `id` is how a report writes it: `ServiceAccount ns/name`, `User name` or `Group name`. */
export interface Subject {
  readonly id: string;
  readonly kind: 'ServiceAccount' | 'User' | 'Group';
  readonly name: string;
  /** Of a service account alone. */
  readonly namespace?: string;
}

const everyAccount = 'system:serviceaccounts';
export const everyUser = 'system:authenticated';
export const everyStranger = 'system:unauthenticated';
export const masters = 'system:masters';
export const nodes = 'system:nodes';

const accountPrefix = 'system:serviceaccount:';

export function accountOf(namespace: string, name: string): Subject {
  return { id: `ServiceAccount ${namespace}/${name}`, kind: 'ServiceAccount', namespace, name };
}

export function groupOf(name: string): Subject {
  return { id: `Group ${name}`, kind: 'Group', name };
}

/**
 * The subject that a binding names, or undefined for one that RBAC does not know. A service account without a namespace is one of
 * the binding's; a User that is named as service accounts are is that service account.
 */
export function subjectOf(
  { kind, name, namespace }: { readonly kind: string; readonly name: string; readonly namespace: string },
  bindingNamespace: string,
): Subject | undefined {
  if (kind === 'ServiceAccount') {
    const of = namespace === '' ? bindingNamespace : namespace;
    return of === '' ? undefined : accountOf(of, name);
  }
  if (kind === 'Group') return groupOf(name);
  if (kind !== 'User') return undefined;
  const [of = '', account = '', ...rest] = name.startsWith(accountPrefix)
    ? name.slice(accountPrefix.length).split(':')
    : [];
  if (of !== '' && account !== '' && rest.length === 0) return accountOf(of, account);
  return { id: `User ${name}`, kind: 'User', name };
}

/** Groups that the API server itself puts somebody into. */
export function groupsOf({ kind, name, namespace }: Omit<Subject, 'id'>): readonly string[] {
  if (kind === 'ServiceAccount') return [`${everyAccount}:${namespace}`, everyAccount, everyUser];
  if (kind === 'User') return [name === 'system:anonymous' ? everyStranger : everyUser];
  if (name === everyUser || name === everyStranger) return [];
  if (name.startsWith(`${everyAccount}:`)) return [everyAccount, everyUser];
  return [everyUser];
}

/** Whether it is a group that the API server itself puts somebody into. */
export function isImplied({ kind, name }: Subject): boolean {
  if (kind !== 'Group') return false;
  return (
    name === everyUser ||
    name === everyStranger ||
    name === everyAccount ||
    name.startsWith(`${everyAccount}:`)
  );
}

/** The namespace whose service accounts a group holds; '' for all namespaces, undefined for any other group. */
export function accountsNamespaceOf({ kind, name }: Omit<Subject, 'id'>): string | undefined {
  if (kind !== 'Group') return undefined;
  if (name === everyAccount) return '';
  return name.startsWith(`${everyAccount}:`) ? name.slice(everyAccount.length + 1) : undefined;
}

/** Whether somebody may be this without having been named for it: a member of such a group, or a Pod that names no service account. */
export function isAnybody(subject: Subject): boolean {
  const { kind, name } = subject;
  if (kind === 'ServiceAccount') return name === 'default';
  if (kind === 'User') return name === 'system:anonymous';
  return isImplied(subject);
}

/** How the API server knows them, for a SubjectAccessReview. */
export function identityOf(subject: Omit<Subject, 'id'>): {
  readonly user?: string;
  readonly groups: readonly string[];
} {
  const { kind, name, namespace } = subject;
  const groups = groupsOf(subject);
  if (kind === 'Group') return { groups: [name, ...groups] };
  return { user: kind === 'User' ? name : `${accountPrefix}${namespace}:${name}`, groups };
}
