import type { Rule } from './rbac.ts';

/** A request as an authorizer sees it. */
export interface Asked {
  readonly verb: string;
  /** '' for core. */
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
}

/**
 * Whether a rule is about such a request, names apart. As the API server's RBAC authorizer has it: `*` alone or the word itself; a
 * subresource is named with its resource or as a subresource of any, and a rule for the resource does not open it.
 */
export function isAbout(
  { verbs, apiGroups, resources }: Rule,
  { verb, group, resource, subresource }: Asked,
): boolean {
  return (
    (verbs.includes(verb) || verbs.includes('*')) &&
    (apiGroups.includes(group) || apiGroups.includes('*')) &&
    (resources.includes(subresource === undefined ? resource : `${resource}/${subresource}`) ||
      resources.includes('*') ||
      (subresource !== undefined && resources.includes(`*/${subresource}`)))
  );
}

/** Names of the objects for which something holds; undefined means all. The empty one stands for requests without a name. */
export type Names = readonly string[] | undefined;

/**
 * Names of the objects for which a rule holds.
 *
 * Requests without a name (create, deletecollection, and list and watch without a field selector) are refused by a rule with names,
 * unless the empty name is one of them. List and watch may carry `metadata.name` as field selector, which counts as a name.
 */
export function namesOf({ resourceNames }: Rule, carries: 'name' | 'no name' | 'either'): Names {
  if (resourceNames.length === 0) return undefined;
  if (carries === 'either') return resourceNames;
  if (carries === 'no name') return resourceNames.includes('') ? undefined : [];
  return resourceNames.filter((name) => name !== '');
}

/** Whether what has such names opens the object of this one; without one, whether it opens any at all. */
export function isNamed(names: Names, name: string | undefined): boolean {
  if (names === undefined) return true;
  // Who may ask for all without a name gets this one too.
  return name === undefined ? names.length > 0 : names.includes(name) || names.includes('');
}
