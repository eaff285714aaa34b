import { verbsOn } from './direct.ts';
import { heldBy } from './held.ts';
import type { RbacIndex } from './rbac-index.ts';
import type { AccessClass, Other, Way } from './report.ts';
import { isAnybody, type Subject } from './subjects.ts';

const rank: Readonly<Record<AccessClass, number>> = { Read: 0, Overwrite: 1, Indirect: 2 };

/** Each subject once, with its ways; the shortest first, and of equally short ones the worse. */
export function othersOf(
  reached: readonly (Way & { readonly subject: Subject })[],
  { index, namespace, secret }: { index: RbacIndex; namespace: string; secret: string },
): readonly Other[] {
  const bySubject = Map.groupBy(reached, ({ subject }) => subject.id);
  const others = [...bySubject.values()].flatMap((ways) => {
    const [first, ...more] = ways.toSorted(compareWays);
    if (first === undefined) return [];
    const { subject } = first;
    return [
      {
        ...wayOf(first),
        subject: subject.id,
        kind: subject.kind,
        name: subject.name,
        ...(subject.namespace !== undefined && { namespace: subject.namespace }),
        via: first.path.join(' -> '),
        ways: [wayOf(first), ...more.map(wayOf)] as const,
        isAnybody: isAnybody(subject),
        verbs: verbsOn(heldBy(subject, index, namespace), secret),
      },
    ];
  });
  return others.toSorted((a, b) => compareWays(a, b) || (a.subject < b.subject ? -1 : 1));
}

function compareWays(a: Way, b: Way): number {
  return a.path.length - b.path.length || rank[a.class] - rank[b.class];
}

function wayOf({ class: reachedClass, isDirect, path }: Way): Way {
  return { class: reachedClass, isDirect, path };
}
