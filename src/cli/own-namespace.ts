import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../base/error.ts';
import type { Config } from './config.ts';

/** Where the controller runs, as the flag or the Pod says; else why nobody does, which outside of a cluster is no failure. */
export function ownNamespace({
  leaderElectionNamespace,
  kubeconfig,
  serviceAccountFolder,
}: Pick<Config, 'leaderElectionNamespace' | 'kubeconfig' | 'serviceAccountFolder'>):
  string | { readonly unreadable?: string } {
  if (leaderElectionNamespace !== undefined) return leaderElectionNamespace;
  if (kubeconfig !== undefined) return {};
  const file = join(serviceAccountFolder, 'namespace');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    return { unreadable: `cannot read ${file} (${codeOf(thrown)})` };
  }
}
