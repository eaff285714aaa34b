import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { CodedError } from '../base/error.ts';
import type { Right } from '../kube/access-review.ts';
import { LeaderElector } from '../kube/leader/leader.ts';
import type { Leadership } from '../kube/leader/leadership.ts';
import type { Transport } from '../kube/transport/transport.ts';
import type { Config } from './config.ts';
import { ownNamespace } from './own-namespace.ts';

const leaseName = 'lockkeeper-controller';

/** Of a process that is meant to be the only one. */
const alone: Leadership = {
  assertHeld: () => undefined,
  isHeld: true,
  lost: new AbortController().signal,
  release: () => Promise.resolve(),
};

export interface Election {
  /** What it takes to stay the one who acts, and what a standby does not try. */
  readonly rights: readonly Right[];
  /** Resolves when we may act; rejects with the signal's reason. */
  acquire(signal: AbortSignal): Promise<Leadership>;
}

/**
 * Among the replicas of this install, by the Lease lockkeeper-controller; without an election whoever runs acts. Throws ConfigInvalid
 * when nobody says in which namespace the Lease is.
 */
export function electionOf(
  config: Config,
  transport: Transport,
  onTrouble: (error: unknown) => void,
): Election {
  const { leaderElect = config.kubeconfig === undefined } = config;
  if (!leaderElect) return { rights: [], acquire: () => Promise.resolve(alone) };
  const lease = { namespace: namespaceOf(config), name: leaseName };
  const elector = new LeaderElector({
    transport,
    lease,
    identity: `${hostname()}_${randomBytes(8).toString('hex')}`,
    onTrouble,
  });
  return {
    rights: [{ verb: 'update', group: 'coordination.k8s.io', resource: 'leases', ...lease }],
    acquire: (signal) => elector.acquire(signal),
  };
}

function namespaceOf(config: Config): string {
  const own = ownNamespace(config);
  if (typeof own === 'string') return own;
  const why =
    own.unreadable === undefined
      ? 'with --kubeconfig and --leader-elect true, give --leader-election-namespace too'
      : `${own.unreadable}, which says where the Lease is: give --leader-election-namespace`;
  throw new CodedError('ConfigInvalid', why);
}
