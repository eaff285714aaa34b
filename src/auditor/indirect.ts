import { heldAnywhere, type Held, type Holding } from './held.ts';
import type { KnownRole, RbacIndex } from './rbac-index.ts';
import type { Detour } from './rights.ts';

/** A way around that somebody has by what they hold. */
export interface Round {
  readonly detour: Detour;
  /** All of them are needed. */
  readonly holdings: readonly Holding[];
}

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
    by(
      'I-8',
      held.first('requestCertificate', { inCluster: true }),
      held.first('enrolNode', { inCluster: true }),
    ),
    ...withinBounds(held.first('impersonateNodeIn', { inCluster: true }), held, index),
    by('I-9', held.first('intercept', { inCluster: true })),
    by('I-10', held.first('makeVolume', { inCluster: true })),
    by(
      'I-10',
      held.first('labelNamespace', { inCluster: true }) ?? held.first('labelNamespace', { name: namespace }),
    ),
    by('I-11', held.first('writePipeline')),
    by('I-13', held.first('carrySecret') ?? held.first('carryAnySecret', { inCluster: true })),
  ].filter((each) => each !== undefined);
}

/**
 * I-4 within bounds (KEP-5284): to be somebody is one right, and to do something so is another, which is asked for where it is done.
 * What may be done is not looked at.
 */
export function withinBounds(
  identity: Holding | undefined,
  { subject }: Held,
  index: RbacIndex,
): readonly Round[] {
  if (identity === undefined) return [];
  const acts = heldAnywhere(subject, index, 'actOn');
  return acts === undefined ? [] : [{ detour: 'I-4', holdings: [identity, acts] }];
}

/** I-7: rights that somebody can give themselves in a namespace; in '', in any. */
export function raisesIn(held: Held, index: RbacIndex, namespace: string): readonly (Round | undefined)[] {
  const cluster = { inCluster: true };
  const anywhere = held.all('bindClusterRole', cluster);
  return [
    by('I-7', held.first('escalateRole'), held.first('writeRole')),
    by('I-7', held.first('escalateClusterRole', cluster), held.first('writeClusterRole', cluster)),
    by(
      'I-7',
      worthOf([...held.all('bindClusterRole'), ...held.all('bindRole')], index, namespace),
      held.first('writeRoleBinding'),
    ),
    by('I-7', worthOf(anywhere, index, ''), held.first('writeClusterRoleBinding', cluster)),
  ];
}

/** The first that lets somebody bind a role which is worth something; the API server lets them do so by `bind` alone, whatever they hold. */
function worthOf(binds: readonly Holding[], index: RbacIndex, namespace: string): Holding | undefined {
  const isWorth = (kind: KnownRole['object']['kind'], name: string): boolean => {
    if (kind === 'ClusterRole') return (index.role(`ClusterRole ${name}`)?.grants.size ?? 0) > 0;
    if (namespace !== '') return (index.role(`Role ${namespace}/${name}`)?.grants.size ?? 0) > 0;
    return [...index.roles()].some(
      ({ object, grants }) => object.kind === 'Role' && object.metadata.name === name && grants.size > 0,
    );
  };
  return binds.find(({ grant: { right, names } }) => {
    const kind = right === 'bindRole' ? 'Role' : 'ClusterRole';
    return names === undefined || names.some((name) => isWorth(kind, name));
  });
}

/** A way by all of these; undefined where one is missing. */
export function by(detour: Detour, ...holdings: readonly (Holding | undefined)[]): Round | undefined {
  const known = holdings.filter((each) => each !== undefined);
  return known.length === holdings.length ? { detour, holdings: known } : undefined;
}
