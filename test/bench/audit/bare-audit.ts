import type { RbacObject, Rule } from '../../../src/auditor/rbac.ts';

/** Which Secret. */
interface Asked {
  readonly namespace: string;
  readonly secret: string;
}

/**
 * The limit that an audit is measured against: who may get the Secret, by one loop over all bindings and their rules. It follows nobody
 * who could act as somebody else, knows no groups, and explains nothing.
 */
export function readersBarely(objects: readonly RbacObject[], { namespace, secret }: Asked): number {
  const rules = new Map<string, readonly Rule[]>();
  for (const object of objects)
    if (object.kind === 'Role' || object.kind === 'ClusterRole')
      rules.set(`${object.kind} ${object.metadata.namespace}/${object.metadata.name}`, object.rules);
  const readers = new Set<string>();
  for (const object of objects) {
    if (object.kind !== 'RoleBinding' && object.kind !== 'ClusterRoleBinding') continue;
    if (object.kind === 'RoleBinding' && object.metadata.namespace !== namespace) continue;
    const { kind, name } = object.roleRef;
    const given = rules.get(`${kind} ${kind === 'Role' ? namespace : ''}/${name}`) ?? [];
    if (given.some((rule) => isGet(rule, secret)))
      for (const subject of object.subjects)
        readers.add(`${subject.kind} ${subject.namespace}/${subject.name}`);
  }
  return readers.size;
}

function isGet({ apiGroups, resources, verbs, resourceNames }: Rule, secret: string): boolean {
  const has = (list: readonly string[], word: string): boolean => list.includes(word) || list.includes('*');
  return (
    has(apiGroups, '') &&
    has(resources, 'secrets') &&
    has(verbs, 'get') &&
    (resourceNames.length === 0 || resourceNames.includes(secret))
  );
}
