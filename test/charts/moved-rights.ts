import { z } from 'zod';
import { rulesOf } from './rules.ts';

export type KubeObject = Readonly<Record<string, unknown>>;

const bound = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  roleRef: z.looseObject({ kind: z.string(), name: z.string() }).optional(),
  subjects: z.array(z.looseObject({})).optional(),
});

/** The same object in another namespace or, of a kind that is in none, under the name of that. */
export function movedTo(namespace: string, object: KubeObject): KubeObject {
  const { metadata, roleRef, subjects } = bound.parse(object);
  const isWide = String(object['kind']).startsWith('Cluster');
  const isWideRef = roleRef?.kind === 'ClusterRole';
  return {
    ...object,
    metadata: isWide ? { name: namespace } : { name: metadata.name, namespace },
    ...(roleRef === undefined
      ? {}
      : {
          roleRef: { ...roleRef, name: isWideRef ? namespace : roleRef.name },
          subjects: subjects?.map((each) => ({ ...each, namespace })),
        }),
  };
}

/** A role with each of its rights as a rule of its own, but for one; anything else as it is. */
export function lessOne(object: KubeObject, without: string | undefined): KubeObject {
  if (object['rules'] === undefined) return object;
  return {
    ...object,
    rules: rulesOf([object]).flatMap((right) => (right === without ? [] : [ruleOf(right)])),
  };
}

function ruleOf(right: string): object {
  const [verb = '', thing = '', name] = right.split(' ');
  const [resource = '', ...group] = thing.split('.');
  return {
    apiGroups: [group.join('.')],
    resources: [resource],
    verbs: [verb],
    ...(name === undefined ? {} : { resourceNames: [name] }),
  };
}
