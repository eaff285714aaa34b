import { appliersAmong } from './applying.ts';
import { baselineLines } from './baseline.ts';
import { becomersOf } from './becoming.ts';
import { overwriteOf, readOf, verbsOn } from './direct.ts';
import { countSteps, stepsOf } from './explain.ts';
import { baselineIn, everybodyIn, heldBy, isOwn, type Held, type Holding } from './held.ts';
import { roundsIn, type Round } from './indirect.ts';
import { othersOf } from './others.ts';
import type { RbacIndex } from './rbac-index.ts';
import type { AccessReport, Other, Verdict, Way } from './report.ts';
import type { Detour } from './rights.ts';
import { accountOf, groupOf, masters, nodes, type Subject } from './subjects.ts';

/** Which Secret, and whose it is to read. */
export interface Question {
  readonly namespace: string;
  readonly secret: string;
  /** The service account of the controller. */
  readonly controller: { readonly namespace: string; readonly name: string };
  /** Whom the operator trusts with every Secret, as a report writes subjects: told in the baseline and not counted. */
  readonly trusted?: readonly string[];
  /** Whether the operator says that no controller of Flux applies as itself what others write: told in the baseline. */
  readonly fluxLockedDown?: boolean;
}

/** Somebody reaches the Secret, by one way. */
interface Reached extends Way {
  readonly subject: Subject;
  /** Whether their own part of it was given by Kubernetes itself. */
  readonly isBaseline: boolean;
}

/**
 * Who can reach a Secret, by RBAC as the index knows it. Pure: the same index and question give the same report. Neither the Secret
 * nor a service account has to exist. The cost grows with the bindings of the cluster and of the namespaces in which somebody was
 * found, not with those of others.
 */
export function audit(index: RbacIndex, question: Question): AccessReport {
  const { namespace, secret, controller, trusted = [], fluxLockedDown = false } = question;
  const self = accountOf(controller.namespace, controller.name);
  const always = new Set([self.id, groupOf(masters).id]);
  const reached = closureOf(index, question).filter(({ subject }) => !always.has(subject.id));
  const beside = othersOf(
    reached.filter(({ isBaseline }) => !isBaseline),
    { index, namespace, secret },
  );
  // Whoever can act as one of them was found by then, and is trusted by nobody.
  const others = beside.filter(({ subject }) => !trusted.includes(subject));
  const trustedOnes = beside.filter(({ subject }) => trusted.includes(subject));
  return {
    verdict: verdictOf(others),
    others,
    trusted: trustedOnes,
    baseline: baselineLines(
      // Of nodes a line of its own tells.
      reached.filter(({ isBaseline, subject }) => isBaseline && subject.id !== groupOf(nodes).id),
      {
        trusted: trustedOnes.map(({ subject }) => subject),
        isFluxTrusted:
          fluxLockedDown && reached.some(({ subject }) => appliersAmong(subject, index).length > 0),
      },
    ),
    dormant: [...new Set([namespace, controller.namespace, ''])].flatMap((each) => dormantIn(index, each)),
    controller: {
      subject: self.id,
      kind: 'ServiceAccount',
      ...controller,
      verbs: verbsOn(heldBy(self, index, namespace), secret),
    },
  };
}

function verdictOf(others: readonly Other[]): Verdict {
  if (others.some((each) => each.isAnybody)) return 'Exposed';
  return others.length > 0 ? 'Shared' : 'Exclusive';
}

function dormantIn(index: RbacIndex, namespace: string): string[] {
  return index
    .scope(namespace)
    .dormant.filter(({ subjects }) => subjects.length > 0)
    .map(({ id, roleId, subjects }) => {
      const whom = subjects.map((subject) => subject.id).join(', ');
      return `${id} gives ${whom} the rights of ${roleId} as soon as that is made`;
    });
}

/** Somebody may reach it so; the path is worked out when nobody knows a shorter one. */
interface Candidate extends Pick<Reached, 'subject' | 'class' | 'isDirect' | 'isBaseline'> {
  readonly steps: number;
  readonly pathOf: () => readonly string[];
}

/**
 * Everybody who reaches it, once by each class: first who reaches it themselves, then who can act as them, and so on, in each round
 * the shorter ways first. So the way that is kept is a shortest one.
 */
function closureOf(index: RbacIndex, question: Question): readonly Reached[] {
  const found = new Map<string, Reached>();
  const asked = new Set<string>();
  let round = seedsOf(index, question);
  while (round.length > 0) {
    const fresh = round.toSorted(compare).flatMap(({ pathOf, ...each }) => {
      const key = `${each.class} ${each.isBaseline} ${each.subject.id}`;
      if (found.has(key)) return [];
      const reached = { ...each, path: pathOf() };
      found.set(key, reached);
      return [reached];
    });
    round = fresh.flatMap((each) => actingAs(each, { index, question, asked }));
  }
  return [...found.values()];
}

function compare(a: Candidate, b: Candidate): number {
  return a.steps - b.steps || (a.subject.id < b.subject.id ? -1 : 1);
}

interface Closing {
  readonly index: RbacIndex;
  readonly question: Question;
  /** Of whom it was asked already who can act as all of them, by class. */
  readonly asked: Set<string>;
}

function actingAs(
  { subject, class: reachedClass, path }: Reached,
  { index, question, asked }: Closing,
): Candidate[] {
  const isNew = (whom: string): boolean => {
    const before = asked.size;
    return asked.add(`${reachedClass} ${whom}`).size > before;
  };
  return becomersOf(subject, { index, isNew, isFluxLockedDown: question.fluxLockedDown ?? false })
    .filter((step) => step.subject.id !== subject.id)
    .map((step) => {
      const isOurs = subject.namespace === question.controller.namespace && step.detour === 'I-1';
      const detour = isOurs ? 'I-12' : step.detour;
      return {
        subject: step.subject,
        class: reachedClass,
        isDirect: false,
        isBaseline: step.isBaseline,
        steps: countSteps(step.holdings, step.subject) + 1 + path.length,
        pathOf: () => [
          ...stepsOf(step.holdings, { subject: step.subject, index, detour }),
          subject.id,
          ...path,
        ],
      };
    });
}

/** Whoever needs to act as nobody else. */
function seedsOf(index: RbacIndex, { namespace, secret, controller }: Question): readonly Candidate[] {
  const given = (subject: Subject, why: string): Candidate => ({
    subject,
    class: 'Read',
    isDirect: false,
    isBaseline: true,
    steps: 1,
    pathOf: () => [why],
  });
  const near = [everybodyIn(index, namespace), baselineIn(index, namespace)];
  const home = [everybodyIn(index, controller.namespace), baselineIn(index, controller.namespace)];
  return [
    given(accountOf(controller.namespace, controller.name), 'which is to read it'),
    given(groupOf(masters), 'to which nothing is refused'),
    given(groupOf(nodes), 'which read what their Pods use'),
    ...near.flatMap((each, isBaseline) =>
      each.flatMap((held) =>
        waysTo(held, index, { namespace, secret }).flatMap((way) => seedOf(held, index, way, isBaseline > 0)),
      ),
    ),
    ...home.flatMap((each, isBaseline) =>
      each.flatMap((held) => {
        const holding = held.first('writeConfig');
        const holdings = holding === undefined ? undefined : [holding];
        return seedOf(held, index, { class: 'Indirect', detour: 'I-12', holdings }, isBaseline > 0);
      }),
    ),
  ];
}

interface Found {
  readonly class: Way['class'];
  readonly detour?: Detour;
  readonly holdings: readonly Holding[] | undefined;
}

function waysTo(
  held: Held,
  index: RbacIndex,
  { namespace, secret }: { namespace: string; secret: string },
): readonly Found[] {
  return [
    { class: 'Read', holdings: readOf(held, secret) },
    { class: 'Overwrite', holdings: overwriteOf(held, secret) },
    ...shortestOf(roundsIn(held, index, namespace).filter(({ holdings }) => isOwn(holdings))).map(
      (round) => ({ class: 'Indirect' as const, ...round }),
    ),
  ];
}

/** Of several ways around one is enough: the first of those that need the fewest rights. */
function shortestOf(rounds: readonly Round[]): readonly Round[] {
  return rounds.toSorted((a, b) => a.holdings.length - b.holdings.length).slice(0, 1);
}

function seedOf(
  held: Held,
  index: RbacIndex,
  { class: reachedClass, detour, holdings }: Found,
  isBaseline: boolean,
): Candidate[] {
  if (holdings === undefined || !isOwn(holdings)) return [];
  const { subject } = held;
  return [
    {
      subject,
      class: reachedClass,
      isDirect: detour === undefined,
      isBaseline,
      steps: countSteps(holdings, subject),
      pathOf: () => stepsOf(holdings, { subject, index, detour }),
    },
  ];
}
