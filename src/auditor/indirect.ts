import type { Held, Holding } from './held.ts';
import type { RbacIndex } from './rbac-index.ts';
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

/** I-7: rights that somebody can give themselves in a namespace. */
export function raisesIn(held: Held, index: RbacIndex, namespace: string): readonly (Round | undefined)[] {
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
      names?.some((name) => (index.role(`${prefix}${name}`)?.grants.size ?? 0) > 0) ?? names === undefined
    );
  };
  return (
    held.all('bindClusterRole', { inCluster: namespace === '' }).find(isWorth) ??
    (namespace === '' ? undefined : held.all('bindRole').find(isWorth))
  );
}

/** A way by all of these; undefined where one is missing. */
export function by(detour: Detour, ...holdings: readonly (Holding | undefined)[]): Round | undefined {
  const known = holdings.filter((each) => each !== undefined);
  return known.length === holdings.length ? { detour, holdings: known } : undefined;
}
