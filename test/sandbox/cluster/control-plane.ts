import { X509Certificate, generateKeyPair, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeOf } from '../../../src/base/error.ts';
import { Secret } from '../../../src/base/secret.ts';
import { sleep } from '../../../src/base/time.ts';
import { locateBinaries } from './binaries.ts';
import type { Binaries } from './binaries.ts';
import type { Connection } from './attach-control-plane.ts';
import { Cluster } from './cluster.ts';
import type { ClusterParts } from './cluster.ts';
import { files } from './server-flags.ts';
import { Servers } from './servers.ts';
import type { ServerName, ServerSignal } from './servers.ts';

const readyDeadlineMs = 60_000;
const pollMs = 25;
const portAttempts = 3;
const pemPattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export interface Starting {
  /** Gets one line a step. */
  readonly say: (line: string) => void;
  /** Ends the start: all that was started is gone when the promise rejects. Means nothing afterwards. */
  readonly signal?: AbortSignal | undefined;
  readonly env?: NodeJS.ProcessEnv;
  /** By default what `locateBinaries` finds. */
  readonly binaries?: Binaries;
  /** `http://127.0.0.1:<port>/…` of another authorizer, which the apiserver asks about whatever RBAC does not allow. */
  readonly authorizer?: string;
}

/**
 * Starts etcd and kube-apiserver with their data in a folder of their own; resolves when the server is ready and has its
 * namespaces. They end with this process, however it ends. Rejects with the codes of `locateBinaries`, with `ServerEnded` or
 * `ServerNotReady` and the end of that server's log, or with the signal's reason; then nothing is left.
 */
export async function startControlPlane(options: Starting): Promise<ControlPlane> {
  const { say, env = process.env, signal = new AbortController().signal } = options;
  const binaries = options.binaries ?? (await locateBinaries({ say, signal, env }));
  const startedAt = Date.now();
  const folder = await mkdtemp(join(env['TMPDIR'] ?? tmpdir(), 'lockkeeper-cluster-'));
  const servers = new Servers({ folder, binaries });
  const writing = writeCredentials(folder);
  try {
    if (options.authorizer !== undefined)
      await writeFile(join(folder, files.authorizer), kubeconfigTo(options.authorizer));
    const [adminToken] = await Promise.all([
      writing,
      servers.startEtcd({ signal, deadlineMs: readyDeadlineMs }),
    ]);
    const controlPlane = await serve({ servers, folder, adminToken, say, env, signal });
    await controlPlane.kubeconfigFor({ token: adminToken, folder, name: 'admin' });
    await share(controlPlane, join(folder, files.adminToken));
    say(`cluster: ready at ${controlPlane.server} after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
    return controlPlane;
  } catch (error) {
    await writing.catch(() => undefined); // a folder into which something is written cannot be removed
    await servers.stop();
    throw error;
  }
}

/** A cluster that we started and may maltreat. */
export class ControlPlane extends Cluster {
  /** What `attachControlPlane` reads: with its path in `LOCKKEEPER_TEST_CLUSTER` other processes use this cluster. */
  readonly connectionFile: string;
  readonly logFiles: Readonly<Record<ServerName, string>>;
  readonly #servers: Servers;
  readonly #port: number;

  /** Use `startControlPlane`. */
  constructor({
    servers,
    port,
    ...parts
  }: ClusterParts & { readonly servers: Servers; readonly port: number }) {
    super(parts);
    this.#servers = servers;
    this.#port = port;
    this.connectionFile = join(parts.folder, 'connection.json');
    this.logFiles = { etcd: servers.logFile('etcd'), 'kube-apiserver': servers.logFile('kube-apiserver') };
  }

  /** Of the servers as they run now; undefined for one that does not. */
  get pids(): Readonly<Record<ServerName, number | undefined>> {
    return { etcd: this.#servers.pid('etcd'), 'kube-apiserver': this.#servers.pid('kube-apiserver') };
  }

  /** Sends a signal, by default SIGKILL; resolves when the server is gone, or at once for SIGSTOP and SIGCONT. */
  kill(name: ServerName, signal: ServerSignal = 'SIGKILL'): Promise<void> {
    return this.#servers.kill(name, signal);
  }

  /**
   * Starts a server that was killed, on the same data, port and certificate; resolves when it serves (etcd: when it listens,
   * and with a running apiserver when that is ready again). Rejects with `ServerRunning`, or as `startControlPlane` does.
   */
  async restart(name: ServerName): Promise<void> {
    const signal = new AbortController().signal;
    if (name === 'etcd') await this.#servers.startEtcd({ signal, deadlineMs: readyDeadlineMs });
    else this.#servers.startApiserver({ port: this.#port });
    if (this.#servers.pid('kube-apiserver') !== undefined) await this.untilReady(signal);
  }

  /** Resolves when the apiserver says that it is ready and reads from etcd; rejects as `startControlPlane` does. */
  async untilReady(signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + readyDeadlineMs;
    while (!(await this.#isReady())) {
      this.#servers.refuseEnded();
      if (Date.now() > deadline) {
        throw this.#servers.failure('kube-apiserver', `was not ready within ${readyDeadlineMs / 1000} s`);
      }
      await sleep(pollMs, signal);
    }
  }

  async #isReady(): Promise<boolean> {
    try {
      const ready = await this.api('GET', '/readyz');
      // The server makes it last of its own namespaces, and nothing else waits for that.
      return ready.status === 200 && (await this.api('GET', '/api/v1/namespaces/default')).status === 200;
    } catch {
      return false; // not listening yet; why it never does is in its log
    }
  }

  /** Ends both servers and leaves neither process nor file. Repeating it does nothing. */
  override async stop(): Promise<void> {
    await super.stop();
    await this.#servers.stop();
  }
}

/** The administrator's token, and the key that signs the tokens of service accounts. */
async function writeCredentials(folder: string): Promise<Secret> {
  const token = randomBytes(24).toString('hex');
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const write = (name: string, text: string): Promise<void> =>
    writeFile(join(folder, name), text, { mode: 0o600 });
  await write(files.adminToken, token);
  await write(files.tokens, `${token},admin,admin,"system:masters"\n`);
  await write(files.accountKey, privateKey);
  await write(files.accountPublicKey, publicKey);
  return new Secret(token);
}

/** As the apiserver wants to be told where a webhook is. */
function kubeconfigTo(server: string): string {
  const name = 'authorizer';
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server } }],
    contexts: [{ name, context: { cluster: name, user: '' } }],
    'current-context': name,
  });
}

interface Serving extends Omit<ClusterParts, 'server' | 'caData'> {
  readonly servers: Servers;
  readonly signal: AbortSignal;
}

/** Starts the apiserver on a free port; resolves when it is ready there. */
async function serve({ servers, signal, ...parts }: Serving): Promise<ControlPlane> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    servers.startApiserver({ port });
    try {
      const caData = await caDataOf({ servers, folder: parts.folder, signal });
      const server = `https://127.0.0.1:${port}`;
      const controlPlane = new ControlPlane({ ...parts, server, caData, servers, port });
      await controlPlane.untilReady(signal);
      return controlPlane;
    } catch (error) {
      if (codeOf(error) !== 'ServerEnded' || attempt === portAttempts) throw error;
      // Between our look and its use another process may have taken the port.
      const log = await readFile(servers.logFile('kube-apiserver'), 'utf8');
      if (!log.includes('address already in use')) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo; // a TCP server that listens has one
  probe.close();
  await once(probe, 'close');
  return port;
}

/** The CA that the server made for itself, once it has written it: the second certificate of the chain in its file. */
async function caDataOf({
  servers,
  folder,
  signal,
}: {
  servers: Servers;
  folder: string;
  signal: AbortSignal;
}): Promise<string> {
  const deadline = Date.now() + readyDeadlineMs;
  while (Date.now() < deadline) {
    servers.refuseEnded();
    const text = await readFile(join(folder, files.certificate), 'utf8').catch(() => '');
    const authority = text.match(pemPattern)?.find((pem) => new X509Certificate(pem).ca);
    if (authority !== undefined) return Buffer.from(`${authority}\n`).toString('base64');
    await sleep(pollMs, signal);
  }
  throw servers.failure('kube-apiserver', `made no certificate within ${readyDeadlineMs / 1000} s`);
}

async function share(
  { connectionFile, server, caData }: ControlPlane,
  adminTokenFile: string,
): Promise<void> {
  const connection: Connection = { server, caData, adminTokenFile };
  await writeFile(connectionFile, JSON.stringify(connection), { mode: 0o600 });
}
