import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CodedError, codeOf } from '../base/error.ts';
import { LeaderElector } from '../kube/leader/leader.ts';
import type { Leadership } from '../kube/leader/leadership.ts';
import type { Transport } from '../kube/transport/transport.ts';
import type { Config } from './config.ts';

const leaseName = 'lockkeeper-controller';

/** Of a process that is meant to be the only one. */
const alone: Leadership = {
  assertHeld: () => undefined,
  lost: new AbortController().signal,
  release: () => Promise.resolve(),
};

export interface Election {
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
  if (!leaderElect) return { acquire: () => Promise.resolve(alone) };
  return new LeaderElector({
    transport,
    lease: { namespace: namespaceOf(config), name: leaseName },
    identity: `${hostname()}_${randomBytes(8).toString('hex')}`,
    onTrouble,
  });
}

function namespaceOf({ leaderElectionNamespace, kubeconfig, serviceAccountFolder }: Config): string {
  if (leaderElectionNamespace !== undefined) return leaderElectionNamespace;
  const file = join(serviceAccountFolder, 'namespace');
  try {
    if (kubeconfig === undefined) return readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    throw new CodedError(
      'ConfigInvalid',
      `cannot read ${file} (${codeOf(thrown)}), which says where the Lease is: give --leader-election-namespace`,
    );
  }
  throw new CodedError(
    'ConfigInvalid',
    'with --kubeconfig and --leader-elect true, give --leader-election-namespace too',
  );
}
