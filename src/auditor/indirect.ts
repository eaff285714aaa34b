import { baselineIn, everybodyIn, type Held } from './held.ts';
import type { Names } from './match.ts';
import type { Holding, RbacIndex } from './rbac-index.ts';
import type { Detour, SecretVerb } from './rights.ts';
import type { Subject } from './subjects.ts';

/** A way around that somebody has by what they hold. */
export interface Round {
  readonly detour: Detour;
  /** All of them are needed. */
  readonly holdings: readonly Holding[];
}

/** A way to act as somebody else. */
export interface Becoming extends Round {
  readonly subject: Subject;
  /** Whether Kubernetes itself gave what is needed. */
  readonly isBaseline: boolean;
  /** As whom; undefined means as anyone of the kind that was asked about. */
  readonly names: Names;
}

const readVerbs: readonly SecretVerb[] = ['get', 'list', 'watch'];

/** Signers whose certificates the API server takes for clients, and the pattern that stands for all of Kubernetes' own. */
const clientSigners = [
  'kubernetes.io/kube-apiserver-client',
  'kubernetes.io/kube-apiserver-client-kubelet',
  'kubernetes.io/*',
];

/** The ways around to whatever is in a namespace that need no other identity, a Secret there included. */
export function roundsIn(held: Held, index: RbacIndex, namespace: string): readonly Round[] {
  return [
    by('I-1', held.first('runWorkload')),
    by('I-5', held.first('enterPod')),
    by('I-6', held.first('proxyNode', { inCluster: true })),
    ...raisesIn(held, index, namespace),
    by(
      'I-8',
      held.first('requestCertificate', { inCluster: true }),
      held.first('approveCertificate', { inCluster: true }),
      clientSigners
        .map((name) => held.first('approveSigner', { name, inCluster: true }))
        .find((each) => each !== undefined),
    ),
    by('I-4', held.first('impersonateNodeIn', { inCluster: true }), held.first('actOn', { inCluster: true })),
    by('I-9', held.first('intercept', { inCluster: true })),
    by('I-10', held.first('makeVolume', { inCluster: true })),
    by(
      'I-10',
      held.first('labelNamespace', { inCluster: true }) ?? held.first('labelNamespace', { name: namespace }),
    ),
    by('I-11', held.first('writePipeline')),
  ].filter((each) => each !== undefined);
}

export interface BecomingAccounts {
  /** Whoever can act as all of them. */
  readonly any: readonly Becoming[];
  /** Whoever can act as those that rules name. */
  readonly named: readonly Becoming[];
}

/** Who can act as a service account of a namespace, and how. */
export function becomingAccounts(index: RbacIndex, namespace: string): BecomingAccounts {
  return index.once(`accounts of ${namespace}`, () => {
    const all = inBoth(index, namespace, (held) => {
      const any = [
        by('I-1', held.first('runWorkload')),
        by('I-5', held.first('enterPod')),
        by('I-3', held.first('createSecret'), readOfAny(held)),
        ...raisesIn(held, index, namespace),
      ];
      return [
        ...any.flatMap((round) => (round === undefined ? [] : [{ ...round, names: undefined }])),
        ...named('I-2', held.all('requestToken')),
        ...named('I-4', held.all('impersonateAccount')),
        ...named('I-4', held.all('impersonateAccountIn'), held.first('actOn')),
      ];
    });
    return {
      any: all.filter(({ names }) => names === undefined),
      named: all.filter(({ names }) => names !== undefined),
    };
  });
}

/** Who can act as a User, and how. */
export function becomingUsers(index: RbacIndex): readonly Becoming[] {
  return index.once('users', () =>
    inBoth(index, '', (held) => [
      ...named('I-4', held.all('impersonateUser')),
      ...named('I-4', held.all('impersonateUserIn'), held.first('actOn')),
    ]),
  );
}

/** Who can act as a member of a Group, and how: nobody acts as a group without acting as somebody. */
export function becomingMembers(index: RbacIndex): readonly Becoming[] {
  return index.once('groups', () =>
    inBoth(index, '', (held) => [
      ...named(
        'I-4',
        held.all('impersonateGroup'),
        held.first('impersonateUser') ?? held.first('impersonateAccount'),
      ),
      ...named('I-4', held.all('impersonateGroupIn'), held.first('impersonateUserIn'), held.first('actOn')),
    ]),
  );
}

/** By what everybody holds, and apart from that by what Kubernetes gives its own parts. */
function inBoth(
  index: RbacIndex,
  namespace: string,
  ways: (held: Held) => readonly (Round & Pick<Becoming, 'names'>)[],
): readonly Becoming[] {
  const of = (everybody: readonly Held[], isBaseline: boolean): Becoming[] =>
    everybody.flatMap((held) =>
      ways(held)
        .filter(({ holdings }) => held.isOwn(holdings))
        .map((way) => ({ ...way, subject: held.subject, isBaseline })),
    );
  return [...of(everybodyIn(index, namespace), false), ...of(baselineIn(index, namespace), true)];
}

/** I-7: rights that somebody can give themselves in a namespace. */
function raisesIn(held: Held, index: RbacIndex, namespace: string): readonly (Round | undefined)[] {
  const cluster = { inCluster: true };
  return [
    by('I-7', held.first('escalateRole'), held.first('writeRole')),
    by('I-7', held.first('escalateClusterRole', cluster), held.first('writeClusterRole', cluster)),
    by('I-7', bindOf(held, index, namespace), held.first('writeRoleBinding')),
    by('I-7', bindOf(held, index, ''), held.first('writeClusterRoleBinding', cluster)),
  ];
}

/** The API server lets somebody bind a role that it does not itself hold by the verb `bind` alone; worth it is a role that is worth something. */
function bindOf(held: Held, index: RbacIndex, namespace: string): Holding | undefined {
  const isWorth = ({ grant: { right, names } }: Holding): boolean => {
    const prefix = right === 'bindClusterRole' ? 'ClusterRole ' : `Role ${namespace}/`;
    return (
      names?.some((name) => (index.role(`${prefix}${name}`)?.grants.length ?? 0) > 0) ?? names === undefined
    );
  };
  return (
    held.all('bindClusterRole', { inCluster: namespace === '' }).find(isWorth) ??
    (namespace === '' ? undefined : held.all('bindRole').find(isWorth))
  );
}

function readOfAny(held: Held): Holding | undefined {
  return readVerbs.map((verb) => held.first(`${verb}Secret`)).find((each) => each !== undefined);
}

function by(detour: Detour, ...holdings: readonly (Holding | undefined)[]): Round | undefined {
  const known = holdings.filter((each) => each !== undefined);
  return known.length === holdings.length ? { detour, holdings: known } : undefined;
}

function named(
  detour: Detour,
  each: readonly Holding[],
  ...also: readonly (Holding | undefined)[]
): readonly (Round & Pick<Becoming, 'names'>)[] {
  return each.flatMap((holding) => {
    const round = by(detour, holding, ...also);
    return round === undefined ? [] : [{ ...round, names: holding.grant.names }];
  });
}
