import { randomBytes } from 'node:crypto';
import { delimiter, join } from 'node:path';
import { Agent } from 'undici';
import { z } from 'zod';
import { CodedError } from '../../../src/base/error.ts';
import { Secret } from '../../../src/base/secret.ts';
import { ClusterClient } from './cluster-client.ts';
import type { KubeObject } from './cluster-client.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { runCommand } from './run-command.ts';
import type { Finished } from './run-command.ts';
import { locateTools } from './tools.ts';
import type { Tools } from './tools.ts';

const kubectlDeadlineMs = 60_000;

interface ServiceAccountName {
  readonly namespace: string;
  readonly serviceAccount: string;
}

export interface ClusterParts {
  /** `https://127.0.0.1:<port>` */
  readonly server: string;
  /** Base64 of the PEM of the CA that signed the server's certificate. */
  readonly caData: string;
  readonly adminToken: Secret;
  /** Ours alone: kubeconfigs and kubectl's caches go there. Who made it removes it. */
  readonly folder: string;
  readonly say: (line: string) => void;
  readonly env: NodeJS.ProcessEnv;
}

const tokenSchema = z.object({ status: z.object({ token: z.string() }) });

/** A running apiserver, as its administrator, who is a member of `system:masters`. */
export class Cluster {
  readonly server: string;
  readonly caData: string;
  readonly adminToken: Secret;
  readonly #admin: ClusterClient;
  readonly #agent: Agent;
  readonly #folder: string;
  readonly #say: (line: string) => void;
  readonly #env: NodeJS.ProcessEnv;
  #tools: Promise<Tools> | undefined;

  constructor({ server, caData, adminToken, folder, say, env }: ClusterParts) {
    this.server = server;
    this.caData = caData;
    this.adminToken = adminToken;
    this.#agent = new Agent({ connect: { ca: this.ca } });
    this.#admin = new ClusterClient({ server, token: adminToken, agent: this.#agent });
    this.#folder = folder;
    this.#say = say;
    this.#env = env;
  }

  /** `caData` as the PEM that it holds. */
  get ca(): string {
    return Buffer.from(this.caData, 'base64').toString();
  }

  /** The path of a kubeconfig with the administrator's token. */
  get adminKubeconfig(): string {
    return join(this.#folder, 'admin.kubeconfig');
  }

  /** As `ClusterClient.api`, as administrator. */
  readonly api: ClusterClient['api'] = (...input) => this.#admin.api(...input);

  /** As `ClusterClient.applyYaml`, as administrator. */
  applyYaml(text: string): Promise<KubeObject[]> {
    return this.#admin.applyYaml(text);
  }

  /** The same server as another user. The headers go with each request, such as those that say who is impersonated. */
  as(token: Secret, headers: Readonly<Record<string, string>> = {}): ClusterClient {
    return new ClusterClient({ server: this.server, token, agent: this.#agent, headers });
  }

  /** Makes the namespace unless it is there. It can be deleted but does not go away: nothing here finalises namespaces. */
  async ensureNamespace(name: string): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    const { status } = await this.api('POST', '/api/v1/namespaces', body);
    if (status !== 201 && status !== 409) throw refusedAs(`namespace ${name}`, status);
  }

  /** Makes a namespace that no other test has, named `<prefix>-` and 8 hex digits; resolves to its name. */
  async freshNamespace(prefix: string): Promise<string> {
    const name = `${prefix}-${randomBytes(4).toString('hex')}`;
    await this.ensureNamespace(name);
    return name;
  }

  /**
   * A token of a service account by TokenRequest. Rejects with `ClusterRefused` when there is no such account.
   *
   * @param expirationSeconds at least 600, the apiserver's own bound; an hour by default
   */
  async requestToken({
    namespace,
    serviceAccount,
    expirationSeconds = 3600,
  }: ServiceAccountName & { readonly expirationSeconds?: number }): Promise<Secret> {
    const { status, body } = await this.api(
      'POST',
      `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds } },
    );
    if (status !== 201) throw refusedAs(`a token of service account ${namespace}/${serviceAccount}`, status);
    return new Secret(tokenSchema.parse(body).status.token);
  }

  /** Writes `<folder>/<name>.kubeconfig` for this server and `token`, readable by us alone; resolves to its path. */
  kubeconfigFor(parts: { token: Secret; folder: string; name: string; namespace?: string }): Promise<string> {
    return writeKubeconfig({ server: this.server, caData: this.caData, ...parts });
  }

  /**
   * Runs kubectl against this server, as administrator or with `token`. An exit code other than 0 is an answer.
   *
   * @param timeoutMs after which it is killed and the promise rejects; a minute by default
   */
  async kubectl(
    args: readonly string[],
    {
      stdin,
      token,
      timeoutMs = kubectlDeadlineMs,
    }: { stdin?: string; token?: Secret; timeoutMs?: number } = {},
  ): Promise<Finished> {
    const tools = await this.tools();
    const name = token === undefined ? 'admin' : token.fingerprint().slice(0, 16);
    const kubeconfig = await this.kubeconfigFor({
      token: token ?? this.adminToken,
      folder: this.#folder,
      name,
    });
    return runCommand({
      file: tools.kubectl,
      args,
      stdin,
      // With a home of its own it reads no settings of the user, and its caches go when we go.
      env: {
        PATH: [tools.binFolder, this.#env['PATH'] ?? ''].join(delimiter),
        HOME: this.#folder,
        KUBECONFIG: kubeconfig,
      },
      signal: AbortSignal.timeout(timeoutMs),
    });
  }

  /** kubectl and helm; found at the first use. */
  tools(): Promise<Tools> {
    this.#tools ??= locateTools({ say: this.#say, env: this.#env });
    return this.#tools;
  }

  /** Ends our use of the cluster; one that we only share goes on. Repeating it does nothing. */
  async stop(): Promise<void> {
    await this.#agent.destroy();
  }
}

function refusedAs(what: string, status: number): CodedError {
  return new CodedError('ClusterRefused', `the apiserver answered ${status} to the request for ${what}`);
}
