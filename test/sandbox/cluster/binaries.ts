import { existsSync } from 'node:fs';
import { arch, homedir, platform } from 'node:os';
import { join } from 'node:path';
import { CodedError, messageOf } from '../../../src/base/error.ts';
import { cacheFolderOf } from './cache-folder.ts';
import { downloadDeadlines, downloadEnvtest, envtestRelease } from './envtest-archive.ts';
import type { DownloadDeadlines, EnvtestRelease } from './envtest-archive.ts';
import { isExecutable } from './find-on-path.ts';
import { buildBinary, buildKey, builtBinary, builtVersion, findGo } from './go-build.ts';
import { withLock } from './lock-file.ts';
import { publishFolder } from './publish-folder.ts';
import { runCommand } from './run-command.ts';

/** A program and the arguments that come before its own. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

export interface Binaries {
  readonly etcd: Command;
  readonly kubeApiserver: Command;
}

export interface Locating {
  /** Gets one line a step. */
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly cacheFolder?: string;
  /** By default the release that is pinned, from `LOCKKEEPER_ENVTEST_URL` where that is set. */
  readonly release?: EnvtestRelease;
  readonly deadlines?: DownloadDeadlines;
}

/**
 * A real etcd and kube-apiserver 1.36 from the first place that has them: `KUBEBUILDER_ASSETS`, the user's cache folder, the
 * official archive, a build from Go modules; the last two fill the cache. Safe in several processes at once: one does the work.
 * Rejects with `ClusterBinariesMissing` and what to install when no place has them, or with the signal's reason.
 */
export async function locateBinaries(options: Locating): Promise<Binaries> {
  const { say, signal, env = process.env } = options;
  const cacheFolder = options.cacheFolder ?? cacheFolderOf({ env, home: homedir(), os: platform() });
  const release = { ...envtestRelease, ...options.release };
  if (options.release === undefined && env['LOCKKEEPER_ENVTEST_URL'])
    release.baseUrl = env['LOCKKEEPER_ENVTEST_URL'];
  const place: Place = {
    say,
    signal,
    env,
    cacheFolder,
    release,
    deadlines: options.deadlines ?? downloadDeadlines,
    ...(await entries(release)),
  };
  return (
    (await fromAssets(place)) ??
    fromCache(place) ??
    (await withLock(
      { file: join(cacheFolder, 'cluster-binaries.lock'), onWait: (pid) => sayWhoWorks(pid, say), signal },
      async () => {
        return fromCache(place, 'quietly') ?? (await fromArchive(place)) ?? (await fromGo(place));
      },
    ))
  );
}

interface Place {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cacheFolder: string;
  readonly release: EnvtestRelease;
  readonly deadlines: DownloadDeadlines;
  readonly platform: string;
  /** Names of folders in the cache. */
  readonly archiveEntry: string;
  readonly buildEntry: string;
}

/** A home folder may be shared by machines of several kinds, so their kind is part of the name. */
async function entries(
  release: EnvtestRelease,
): Promise<Pick<Place, 'platform' | 'archiveEntry' | 'buildEntry'>> {
  const machine = `${platform()}-${arch() === 'x64' ? 'amd64' : arch()}`;
  return {
    platform: machine,
    archiveEntry: `envtest-v${release.version}-${machine}-${release.sha512[machine]?.slice(0, 12) ?? 'none'}`,
    buildEntry: `kubernetes-v${builtVersion}-${machine}-${await buildKey()}`,
  };
}

async function fromAssets({ say, signal, env }: Place): Promise<Binaries | undefined> {
  const folder = env['KUBEBUILDER_ASSETS'];
  if (!folder) return undefined;
  const found = apart(folder);
  if (!isExecutable(found.etcd.file) || !isExecutable(found.kubeApiserver.file)) {
    say(`cluster: KUBEBUILDER_ASSETS has no etcd and kube-apiserver in ${folder}`);
    return undefined;
  }
  const { stdout } = await runCommand({ file: found.kubeApiserver.file, args: ['--version'], env, signal });
  if (!stdout.startsWith('Kubernetes v1.36.')) {
    say(
      `cluster: KUBEBUILDER_ASSETS has ${stdout.trim() || 'a server of no known version'}, and 1.36 is needed`,
    );
    return undefined;
  }
  say(`cluster: ${stdout.trim()} from KUBEBUILDER_ASSETS, ${folder}`);
  return found;
}

function fromCache(
  { say, cacheFolder, archiveEntry, buildEntry }: Place,
  quietly?: 'quietly',
): Binaries | undefined {
  for (const [entry, found] of [
    [archiveEntry, apart],
    [buildEntry, joined],
  ] as const) {
    const folder = join(cacheFolder, entry);
    if (!existsSync(folder)) continue;
    say(`cluster: etcd and kube-apiserver from the cache, ${folder}`);
    return found(folder);
  }
  if (!quietly) say(`cluster: no etcd and kube-apiserver in the cache, ${cacheFolder}`);
  return undefined;
}

async function fromArchive(place: Place): Promise<Binaries | undefined> {
  const { say, signal, release, cacheFolder, archiveEntry } = place;
  say(`cluster: downloading envtest ${release.version} for ${place.platform}`);
  try {
    const folder = await publishFolder({ cacheFolder, name: archiveEntry }, (unfinished) =>
      downloadEnvtest({ ...place, folder: unfinished }),
    );
    say(`cluster: etcd and kube-apiserver ${release.version} downloaded to ${folder}`);
    return apart(folder);
  } catch (error) {
    signal?.throwIfAborted();
    say(`cluster: ${messageOf(error)}`);
    return undefined;
  }
}

async function fromGo({ say, signal, env, cacheFolder, buildEntry }: Place): Promise<Binaries> {
  const go = await findGo({ env, signal });
  if (typeof go === 'string') throw missing(go);
  say(
    `cluster: building etcd and kube-apiserver ${builtVersion} with ${go.version}, once; about 5 min on 2 cores`,
  );
  try {
    const folder = await publishFolder({ cacheFolder, name: buildEntry }, (unfinished) =>
      buildBinary({ go, env, folder: unfinished, say, signal }),
    );
    return joined(folder);
  } catch (error) {
    signal?.throwIfAborted();
    throw missing(messageOf(error), error);
  }
}

function missing(why: string, cause?: unknown): CodedError {
  const message =
    'No etcd and kube-apiserver 1.36 to run a cluster with: install Go 1.26 or newer (https://go.dev/dl), or allow a download ' +
    `from github.com, or point KUBEBUILDER_ASSETS to a folder that has both; the last place that was tried: ${why}`;
  return new CodedError('ClusterBinariesMissing', message, { cause });
}

function apart(folder: string): Binaries {
  return {
    etcd: { file: join(folder, 'etcd'), args: [] },
    kubeApiserver: { file: join(folder, 'kube-apiserver'), args: [] },
  };
}

function joined(folder: string): Binaries {
  const file = join(folder, builtBinary);
  return { etcd: { file, args: ['etcd'] }, kubeApiserver: { file, args: ['kube-apiserver'] } };
}

function sayWhoWorks(pid: number | undefined, say: (line: string) => void): void {
  say(
    `cluster: waiting for ${pid === undefined ? 'another process' : `process ${pid}`}, which fetches or builds the same`,
  );
}
