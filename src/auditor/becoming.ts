import { appliersAmong } from './applying.ts';
import {
  baselineIn,
  baselineNeighboursIn,
  everybodyIn,
  heldAnywhere,
  holdingsOf,
  isOwn,
  neighboursIn,
  type Held,
  type Holding,
} from './held.ts';
import { by, raisesIn, withinBounds, type Round } from './indirect.ts';
import type { Names } from './match.ts';
import type { RbacIndex } from './rbac-index.ts';
import type { Detour, SecretVerb } from './rights.ts';
import { accountsNamespaceOf, everyStranger, everyUser, type Subject } from './subjects.ts';
import type { Applier } from './workloads.ts';

/** A way to act as somebody else. */
interface Becoming extends Round {
  readonly subject: Subject;
  /** Whether Kubernetes itself gave what is needed. */
  readonly isBaseline: boolean;
}

/**
 * Who can act as this subject, and how.
 *
 * @param isNew asked of each kind of subject and namespace: whoever can act as all of those is left out when it says no
 * @param isFluxLockedDown whether no controller of Flux applies as itself what others write
 */
export function becomersOf(
  subject: Subject,
  {
    index,
    isNew,
    isFluxLockedDown,
  }: { index: RbacIndex; isNew: (whom: string) => boolean; isFluxLockedDown: boolean },
): readonly Becoming[] {
  const { kind, name, namespace } = subject;
  // Everybody is one of these already.
  if (name === everyUser || name === everyStranger) return [];
  const from = ({ any, byName }: Becomers): Becoming[] => [
    ...(isNew(kind) ? any : []),
    ...(byName.get(name) ?? []),
  ];
  if (kind === 'User') return from(becomingUsers(index));
  const members = kind === 'Group' ? from(becomingMembers(index)) : [];
  const of = namespace ?? accountsNamespaceOf(subject);
  if (of === undefined) return members;
  // Who is bound in the whole cluster is looked at once, not in each namespace.
  const places = of === '' ? ['', ...index.boundNamespaces()] : ['', of];
  const accounts = places.flatMap((place) => {
    const { any, byName } = becomingAccounts(index, place);
    const those = namespace === undefined ? [...byName.values()].flat() : (byName.get(name) ?? []);
    return [...(isNew(`accounts of ${place}`) ? any : []), ...those];
  });
  const appliers = isFluxLockedDown ? [] : appliersAmong(subject, index);
  const writers = appliers.flatMap((each) => (isNew(`appliers ${each}`) ? becomingApplier(index, each) : []));
  return [...members, ...accounts, ...writers];
}

/** Who can act as the service accounts of a namespace, as Users, or as members of Groups. */
interface Becomers {
  /** Whoever can act as all of them. */
  readonly any: readonly Becoming[];
  /** Whoever can act as those that rules name, by their names. */
  readonly byName: ReadonlyMap<string, readonly Becoming[]>;
}

/** Who can act as a service account of a namespace by a binding there; of '', by those of the cluster. */
function becomingAccounts(index: RbacIndex, namespace: string): Becomers {
  return index.once(`accounts of ${namespace}`, () => {
    const parts = {
      everybody: neighboursIn(index, namespace),
      baseline: baselineNeighboursIn(index, namespace),
    };
    return becomersBy(parts, (held) => {
      const any = [
        by('I-1', held.first('runWorkload')),
        by('I-5', held.first('enterPod')),
        by('I-3', held.first('createSecret'), readOfAny(held)),
        ...raisesIn(held, index, namespace),
      ];
      const first = any.find((round) => round !== undefined && isOwn(round.holdings));
      return [
        ...(first === undefined ? [] : [{ ...first, names: undefined }]),
        ...named('I-2', held.all('requestToken')),
        ...named('I-4', held.all('impersonateAccount')),
        ...bounded(held, index, held.all('impersonateAccountIn')),
      ];
    });
  });
}

/** Who can have a controller apply as itself what they write, wherever they may write it; parts of Kubernetes can reach all without. */
function becomingApplier(index: RbacIndex, applier: Applier): readonly Becoming[] {
  return index.once(`appliers ${applier}`, () =>
    holdingsOf(`applyAs:${applier}`, index).map((holding): Becoming => {
      const { subject } = holding;
      return { detour: 'I-14', holdings: [holding], subject, isBaseline: false };
    }),
  );
}

/** Who can act as a User, and how. */
function becomingUsers(index: RbacIndex): Becomers {
  return index.once('users', () =>
    becomersBy({ everybody: everybodyIn(index, ''), baseline: baselineIn(index, '') }, (held) => [
      ...named('I-4', held.all('impersonateUser')),
      ...bounded(held, index, held.all('impersonateUserIn')),
    ]),
  );
}

/** Who can act as a member of a Group, and how: nobody acts as a group without acting as somebody, whoever that is. */
function becomingMembers(index: RbacIndex): Becomers {
  return index.once('groups', () =>
    becomersBy({ everybody: everybodyIn(index, ''), baseline: baselineIn(index, '') }, (held) => {
      const groups = held.all('impersonateGroup');
      const somebody =
        groups.length === 0
          ? undefined
          : (held.first('impersonateUser') ?? heldAnywhere(held.subject, index, 'impersonateAccount'));
      const isAnyone = held.first('impersonateUserIn') !== undefined;
      return [
        ...named('I-4', groups, somebody),
        ...(isAnyone ? bounded(held, index, held.all('impersonateGroupIn')) : []),
      ];
    }),
  );
}

/** By what everybody holds, and apart from that by what Kubernetes gives its own parts. */
function becomersBy(
  { everybody, baseline }: Readonly<Record<'everybody' | 'baseline', readonly Held[]>>,
  ways: (held: Held) => readonly (Round & { readonly names: Names })[],
): Becomers {
  const any: Becoming[] = [];
  const byName = new Map<string, Becoming[]>();
  const take = (held: Held, isBaseline: boolean): void => {
    for (const { names, ...round } of ways(held)) {
      if (!isOwn(round.holdings)) continue;
      const way = { ...round, subject: held.subject, isBaseline };
      if (names === undefined) any.push(way);
      for (const name of names ?? []) byName.set(name, [...(byName.get(name) ?? []), way]);
    }
  };
  for (const held of everybody) take(held, false);
  for (const held of baseline) take(held, true);
  return { any, byName };
}

function readOfAny(held: Held): Holding | undefined {
  return (['get', 'list', 'watch'] satisfies SecretVerb[])
    .map((verb) => held.first(`${verb}Secret`))
    .find((each) => each !== undefined);
}

function named(
  detour: Detour,
  each: readonly Holding[],
  ...also: readonly (Holding | undefined)[]
): readonly (Round & { readonly names: Names })[] {
  return each.flatMap((holding) => {
    const round = by(detour, holding, ...also);
    return round === undefined ? [] : [{ ...round, names: holding.grant.names }];
  });
}

function bounded(
  held: Held,
  index: RbacIndex,
  each: readonly Holding[],
): readonly (Round & { readonly names: Names })[] {
  return each.flatMap((holding) =>
    withinBounds(holding, held, index).map((round) => ({ ...round, names: holding.grant.names })),
  );
}
