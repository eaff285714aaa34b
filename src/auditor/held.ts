import { isNamed } from './match.ts';
import type { Bound, Holder, RbacIndex } from './rbac-index.ts';
import type { Grant, Right } from './rights.ts';
import { groupsOf, isImplied, type Subject } from './subjects.ts';

interface Wanted {
  /** Of the object. Without it a right to any object will do. */
  readonly name?: string;
  /** For what is in no namespace: bindings of the cluster alone count. */
  readonly inCluster?: boolean;
}

interface Source {
  readonly holder: Holder;
  readonly inCluster: boolean;
  /** Whether it tells of this subject, and not of a group of its or of what Kubernetes gives it. */
  readonly isOwn: boolean;
}

/** Somebody has a right by a binding. */
export interface Holding extends Bound {
  /** Whom the binding names: the subject that is asked about, or a group of its. */
  readonly subject: Subject;
  readonly grant: Grant;
  readonly isOwn: boolean;
}

/** What one subject may do in one namespace. */
export class Held {
  readonly subject: Subject;
  readonly #sources: readonly Source[];

  constructor(subject: Subject, sources: readonly Source[]) {
    this.subject = subject;
    this.#sources = sources;
  }

  /** By what it has a right; undefined if it has not. */
  first(right: Right, { name, inCluster = false }: Wanted = {}): Holding | undefined {
    for (const source of this.#sources) {
      if (inCluster && !source.inCluster) continue;
      for (const bound of source.holder.bound) {
        const grant = bound.role.grants.get(right)?.find(({ names }) => isNamed(names, name));
        if (grant !== undefined) return holdingOf(source, bound, grant);
      }
    }
    return undefined;
  }

  /** Every holding of a right: where names differ each counts. */
  all(right: Right, { inCluster = false }: Pick<Wanted, 'inCluster'> = {}): readonly Holding[] {
    return this.#sources
      .filter((source) => !inCluster || source.inCluster)
      .flatMap((source) =>
        source.holder.bound.flatMap((bound) =>
          (bound.role.grants.get(right) ?? []).map((grant) => holdingOf(source, bound, grant)),
        ),
      );
  }
}

function holdingOf({ holder: { subject }, isOwn }: Source, { binding, role }: Bound, grant: Grant): Holding {
  return { subject, binding, role, grant, isOwn };
}

/** Whether part of this is the subject's own. What comes by groups alone is told of the groups. */
export function isOwn(holdings: readonly Holding[]): boolean {
  return holdings.some((holding) => holding.isOwn);
}

/**
 * What a subject may do in a namespace ('' for the cluster alone): by its own bindings there and in the cluster, by those of the
 * groups that the API server puts it into, and by what Kubernetes binds to it. Its own come first, so that they explain a way if they can.
 */
export function heldBy(subject: Subject, index: RbacIndex, namespace: string): Held {
  const own = sources(index, namespace, { id: subject.id, side: 'holders', isOwn: true });
  const groups = groupsOf(subject).flatMap((name) =>
    sources(index, namespace, { id: `Group ${name}`, side: 'holders', isOwn: false }),
  );
  const given = sources(index, namespace, { id: subject.id, side: 'baseline', isOwn: false });
  return new Held(subject, [...own, ...groups, ...given]);
}

/** Rights that count together with others wherever they are held: a change of them concerns all namespaces. */
export const anywhere: readonly Right[] = ['impersonateAccount', 'actOn'];

/** By what somebody has a right in some namespace or in the cluster; undefined if nowhere. */
export function heldAnywhere(subject: Subject, index: RbacIndex, right: Right): Holding | undefined {
  for (const namespace of ['', ...index.boundNamespaces()]) {
    const holding = heldBy(subject, index, namespace).first(right);
    if (holding !== undefined) return holding;
  }
  return undefined;
}

/**
 * Everybody whom a binding gives a right, be it in one namespace: each once, by a binding of the cluster if there is one. What comes by
 * groups is told of the groups; what Kubernetes binds to its own parts is left out.
 */
export function holdingsOf(right: Right, index: RbacIndex): readonly Holding[] {
  const bySubject = new Map<string, Holding>();
  for (const scope of ['', ...index.boundNamespaces().toSorted()]) {
    for (const [id, holder] of index.scope(scope).holders) {
      if (bySubject.has(id)) continue;
      const source = { holder, inCluster: scope === '', isOwn: true };
      const holding = new Held(holder.subject, [source]).first(right);
      if (holding !== undefined) bySubject.set(id, holding);
    }
  }
  return [...bySubject.values()];
}

/** What everybody may do in the namespace who is named by a binding in it or in the cluster. */
export function everybodyIn(index: RbacIndex, namespace: string): readonly Held[] {
  return subjectsIn(index, [namespace, ''], 'holders').map((subject) => heldBy(subject, index, namespace));
}

/** The same of those alone for whom a binding of the namespace makes a difference. */
export function neighboursIn(index: RbacIndex, namespace: string): readonly Held[] {
  const subjects = subjectsIn(index, [namespace], 'holders');
  // What everybody is given here adds to what somebody has in the cluster.
  if (subjects.some(isImplied)) return everybodyIn(index, namespace);
  return subjects.map((subject) => heldBy(subject, index, namespace));
}

/** What the parts of Kubernetes may do in the namespace by what Kubernetes binds to them, there or in the cluster. */
export function baselineIn(index: RbacIndex, namespace: string): readonly Held[] {
  return subjectsIn(index, [namespace, ''], 'baseline').map((subject) => givenTo(subject, index, namespace));
}

/** The same of those alone to whom it binds something in the namespace. */
export function baselineNeighboursIn(index: RbacIndex, namespace: string): readonly Held[] {
  return subjectsIn(index, [namespace], 'baseline').map((subject) => givenTo(subject, index, namespace));
}

function givenTo(subject: Subject, index: RbacIndex, namespace: string): Held {
  return new Held(subject, sources(index, namespace, { id: subject.id, side: 'baseline', isOwn: true }));
}

type Side = 'holders' | 'baseline';

function subjectsIn(index: RbacIndex, scopes: readonly string[], side: Side): readonly Subject[] {
  const known = new Map<string, Subject>();
  for (const scope of new Set(scopes))
    for (const [id, { subject }] of index.scope(scope)[side]) known.set(id, subject);
  return [...known.values()];
}

function sources(
  index: RbacIndex,
  namespace: string,
  { id, side, isOwn }: { readonly id: string; readonly side: Side; readonly isOwn: boolean },
): Source[] {
  return [...new Set([namespace, ''])].flatMap((scope) => {
    const holder = index.scope(scope)[side].get(id);
    return holder === undefined ? [] : [{ holder, inCluster: scope === '', isOwn }];
  });
}
