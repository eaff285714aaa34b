import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../sandbox/cluster/cluster.ts';
import { resource } from './soaked-boat.ts';

const namespace = 'default';
const name = 'soaked';
const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`;
const rights = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: ${name} }
rules:
  - { apiGroups: ['${resource.group}'], resources: [${resource.plural}], verbs: [list, watch] }
  - { apiGroups: ['${resource.group}'], resources: [${resource.plural}/status], verbs: [patch] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: ${name} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${name} }
subjects: [{ kind: ServiceAccount, name: ${name}, namespace: ${namespace} }]
`;

/** The service account of the runtime under soak, and its folder as a Pod would see it. */
export class Account {
  readonly folder: string;
  readonly #cluster: Cluster;

  /** Use `makeAccount`. */
  constructor(cluster: Cluster, folder: string) {
    this.#cluster = cluster;
    this.folder = folder;
  }

  async trust(ca: string): Promise<void> {
    await this.#put('ca.crt', ca);
  }

  /** A new token; the one before is refused as soon as the server remembers it no more, in ten seconds. */
  async rotate(): Promise<void> {
    const { status } = await this.#cluster.api('DELETE', path);
    if (status !== 200) throw new Error(`the service account could not be deleted: ${status}`);
    await this.issue();
  }

  async issue(): Promise<void> {
    await this.#cluster.applyYaml(
      `{ apiVersion: v1, kind: ServiceAccount, metadata: { name: ${name}, namespace: ${namespace} } }`,
    );
    const token = await this.#cluster.requestToken({ namespace, serviceAccount: name });
    await this.#put('token', token.expose());
  }

  /** In one step, so that nobody reads half of it. */
  async #put(file: string, text: string): Promise<void> {
    const whole = join(this.folder, file);
    await writeFile(`${whole}.next`, text, { mode: 0o600 });
    await rename(`${whole}.next`, whole);
  }
}

/** With all rights that the runtime needs, and no more. */
export async function makeAccount(cluster: Cluster, folder: string, ca: string): Promise<Account> {
  await cluster.applyYaml(rights);
  const account = new Account(cluster, folder);
  await account.trust(ca);
  await account.issue();
  return account;
}
