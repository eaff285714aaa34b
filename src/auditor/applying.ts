import type { RbacIndex } from './rbac-index.ts';
import { accountsNamespaceOf, type Subject } from './subjects.ts';
import { applied, type Applier } from './workloads.ts';

/** As which of the controllers that apply what others write somebody acts who acts as this subject: as itself, or as one of a group. */
export function appliersAmong(subject: Subject, index: RbacIndex): readonly Applier[] {
  const applier = applierOf(subject);
  if (applier !== undefined) return [applier];
  const namespace = accountsNamespaceOf(subject);
  if (namespace === undefined) return [];
  const among = boundAppliers(index).filter((each) => namespace === '' || each.namespace === namespace);
  return [...new Set(among.map((each) => each.applier))];
}

/** Whether there is such a controller, as far as something is bound to one. */
export function hasAppliers(index: RbacIndex): boolean {
  return boundAppliers(index).length > 0;
}

interface BoundApplier {
  readonly applier: Applier;
  readonly namespace: string | undefined;
}

function boundAppliers(index: RbacIndex): readonly BoundApplier[] {
  return index.once('bound appliers', () =>
    ['', ...index.boundNamespaces()].flatMap((scope) =>
      [...index.scope(scope).holders.values()].flatMap(({ subject }) => {
        const applier = applierOf(subject);
        return applier === undefined ? [] : [{ applier, namespace: subject.namespace }];
      }),
    ),
  );
}

function applierOf({ kind, name }: Subject): Applier | undefined {
  return kind === 'ServiceAccount' ? applied.find(({ account }) => account === name)?.account : undefined;
}
