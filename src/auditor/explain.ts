import type { ClusterRole, RoleSelector } from './rbac.ts';
import type { Holding } from './held.ts';
import type { RbacIndex } from './rbac-index.ts';
import type { Detour, Right } from './rights.ts';
import type { Subject } from './subjects.ts';

/**
 * The steps from a subject to what it can do: binding, role and rights of each binding that is needed, with the group before it if
 * the binding names a group of the subject, and at the end the number of the way around.
 */
export function stepsOf(
  holdings: readonly Holding[],
  { subject, index, detour }: { subject: Subject; index: RbacIndex; detour?: Detour | undefined },
): readonly string[] {
  const byBinding = new Map<string, Holding[]>();
  for (const holding of holdings) {
    const key = `${holding.binding.id} ${holding.subject.id}`;
    byBinding.set(key, [...(byBinding.get(key) ?? []), holding]);
  }
  const steps = [...byBinding.values()].flatMap((same) => {
    const [{ binding, role, grant, subject: named }] = same as [Holding]; // made with one
    return [
      ...(named.id === subject.id ? [] : [named.id]),
      binding.id,
      `${role.id}${sourceOf(role.object, grant.right, index)}`,
      phraseOf(same),
    ];
  });
  return detour === undefined ? steps : steps.with(-1, `${steps.at(-1)} (${detour})`);
}

/** How many steps `stepsOf` gives. */
export function countSteps(holdings: readonly Holding[], subject: Subject): number {
  const named = new Map(holdings.map((each) => [`${each.binding.id} ${each.subject.id}`, each.subject.id]));
  return [...named.values()].reduce((sum, id) => sum + (id === subject.id ? 3 : 4), 0);
}

/** `get, list secrets` of `get secrets` and `list secrets`; `create secrets and get pods` where the object differs. */
function phraseOf(holdings: readonly Holding[]): string {
  const verbsByObject = new Map<string, string[]>();
  for (const words of new Set(holdings.map(({ grant }) => grant.words))) {
    const [, verbs = '', object = ''] = /^(.*?[^,]) (.*)$/.exec(words) ?? [];
    verbsByObject.set(object, [...(verbsByObject.get(object) ?? []), verbs]);
  }
  return [...verbsByObject].map(([object, verbs]) => `${verbs.join(', ')} ${object}`).join(' and ');
}

/** Where an aggregated ClusterRole has a right from, by which label, in brackets; '' where it is its own. */
function sourceOf(object: Holding['role']['object'], right: Right, index: RbacIndex): string {
  if (object.kind === 'Role' || !object.aggregationRule) return '';
  const selectors = object.aggregationRule.clusterRoleSelectors;
  return index.once(`source of ${right} in ${object.metadata.name}`, () => {
    for (const { id, object: other, grants } of index.roles()) {
      if (other.kind === 'Role' || other === object || !grants.has(right)) continue;
      const label = selectors.map((selector) => labelBy(selector, other)).find((each) => each !== undefined);
      if (label !== undefined) return ` (from ${id} by label ${label})`;
    }
    return '';
  });
}

/** The first label by which a selector takes a ClusterRole in; undefined if it does not. */
function labelBy(
  { matchLabels, matchExpressions }: RoleSelector,
  { metadata: { labels } }: ClusterRole,
): string | undefined {
  const wanted = Object.entries(matchLabels);
  const isTaken =
    wanted.every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      const value = labels[key];
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      if (operator === 'Exists') return value !== undefined;
      return operator === 'DoesNotExist' && value === undefined;
    });
  if (!isTaken) return undefined;
  const key = wanted[0]?.[0] ?? matchExpressions[0]?.key;
  if (key === undefined) return 'none';
  return labels[key] === undefined ? key : `${key}=${labels[key]}`;
}
