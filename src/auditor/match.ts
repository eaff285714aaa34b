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

/**
 * Names of objects for which a rule holds; undefined means all.
 *
 * Requests without a name (create, deletecollection, and list and watch without a field selector) are refused by a rule with names,
 * unless the empty name is one of them. List and watch may carry `metadata.name` as field selector, which counts as a name.
 */
export function namesOf({ resourceNames }: Rule, carries: 'name' | 'no name' | 'either'): Names {
  if (resourceNames.length === 0) return undefined;
  if (carries !== 'name' && resourceNames.includes('')) return undefined;
  return carries === 'no name' ? [] : resourceNames.filter((name) => name !== '');
}

export type Names = readonly string[] | undefined;

/** Whether a rule with such names holds for this one; without one, whether it holds for any at all. */
export function isNamed(names: Names, name: string | undefined): boolean {
  if (names === undefined) return true;
  return name === undefined ? names.length > 0 : names.includes(name);
}
