import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as tar from 'tar';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { CodedError, codeOf } from '../../../src/base/error.ts';

/** Of the archives that the Kubernetes project publishes for tests; digests from its `envtest-releases.yaml`. */
export const envtestRelease: EnvtestRelease = {
  version: '1.36.2',
  baseUrl: 'https://github.com/kubernetes-sigs/controller-tools/releases/download/envtest-v1.36.2',
  sha512: {
    'darwin-amd64':
      'b4fe9f973cd1992e3880f8b230ed32c0c243b83371591e3e3315f4404df2cdbef8ee94eeb9bb245b7e5feb987d5c4a76c43e0877654ab73f00d7bbc2b9984514',
    'darwin-arm64':
      '9278f9e5af556b2f1f2d139769c1f0d717c7b4426917fdebdba898bcb725a916e4910d6160886194ff9be9589ea7c5c32c2b8ae0754703874b7c8ba8ddfc41ce',
    'linux-amd64':
      'ea743186c8a799f5cf8faf16969f86189d003cb7d130e0ac4b58789f1e5748dcf30ebe91c837a10d5ac415383da3e10b9e64d65785c938c23e739781cfb76f08',
    'linux-arm64':
      '2d72ee985a8e262a3c57dc9f7f0fd891f6a8c7bf7ebaa2db6dc6d8eac8ae28181afe51c1f368b67756cdb40b10de9b205609e1726e5f27f7c6d824dd9c6649ac',
  },
};

export interface EnvtestRelease {
  readonly version: string;
  /** The folder of the archives, without a slash at the end. */
  readonly baseUrl: string;
  /** By platform, such as `linux-amd64`, in hex. */
  readonly sha512: Readonly<Record<string, string>>;
}

export interface DownloadDeadlines {
  readonly firstByteMs: number;
  readonly totalMs: number;
}

/** Long enough for a slow line, short enough for a machine whose packets are dropped without a word. */
export const downloadDeadlines: DownloadDeadlines = { firstByteMs: 20_000, totalMs: 5 * 60_000 };

const saidEveryMs = 5_000;
const megabyte = 1_000_000;

interface Download {
  readonly release: EnvtestRelease;
  readonly platform: string;
  /** Exists; gets `etcd` and `kube-apiserver`. The caller throws it away on failure. */
  readonly folder: string;
  readonly deadlines: DownloadDeadlines;
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Downloads the archive of `platform`, compares its SHA-512 with the pinned one and only then unpacks the two servers. Rejects
 * with a `CodedError` (`ArchiveMissing`, `ArchiveUnreachable`, `ArchiveStalled`, `ArchiveNotServed`, `ArchiveWrong`), or with the
 * signal's reason. Proxies come from the usual environment variables.
 */
export async function downloadEnvtest({
  release,
  platform,
  folder,
  deadlines,
  say,
  signal,
}: Download): Promise<void> {
  const expected = release.sha512[platform];
  if (expected === undefined) {
    throw new CodedError('ArchiveMissing', `no envtest archive is published for ${platform}`);
  }
  const url = `${release.baseUrl}/envtest-v${release.version}-${platform}.tar.gz`;
  const archive = join(folder, 'archive.tar.gz');
  const digest = await saved({ url, archive, deadlines, say, signal });
  if (digest !== expected) {
    throw new CodedError('ArchiveWrong', `${url} does not have the pinned SHA-512, so it is not used`);
  }
  await tar.extract({
    file: archive,
    cwd: folder,
    strip: 2,
    filter: (path) => /^controller-tools\/envtest\/(etcd|kube-apiserver)$/.test(path),
  });
  await rm(archive);
}

interface Transfer {
  readonly url: string;
  readonly archive: string;
  readonly deadlines: DownloadDeadlines;
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Writes what `url` serves to the file `archive`; resolves to its SHA-512 in hex. */
async function saved({ url, archive, deadlines, say, signal }: Transfer): Promise<string> {
  const late = new AbortController();
  const giveUp = (ms: number, what: string): NodeJS.Timeout =>
    setTimeout(
      () => late.abort(new CodedError('ArchiveStalled', `${url} ${what} within ${ms / 1000} s`)),
      ms,
    );
  const firstByte = giveUp(deadlines.firstByteMs, 'sent nothing');
  const total = giveUp(deadlines.totalMs, 'was not complete');
  const dispatcher = new EnvHttpProxyAgent();
  const file = await open(archive, 'w');
  try {
    const answer = await fetch(url, {
      dispatcher,
      signal: AbortSignal.any([late.signal, ...(signal ? [signal] : [])]),
    });
    if (!answer.ok || answer.body === null) {
      throw new CodedError('ArchiveNotServed', `${url} answered ${answer.status}`);
    }
    const size = Number(answer.headers.get('content-length')) || undefined;
    const hash = createHash('sha512');
    let received = 0;
    let saidAt = Date.now();
    for await (const chunk of answer.body) {
      clearTimeout(firstByte);
      hash.update(chunk);
      await file.write(chunk);
      received += chunk.byteLength;
      if (Date.now() - saidAt < saidEveryMs) continue;
      saidAt = Date.now();
      say(`  ${inMegabytes(received)}${size === undefined ? '' : ` of ${inMegabytes(size)}`} MB downloaded`);
    }
    return hash.digest('hex');
  } catch (error) {
    signal?.throwIfAborted();
    late.signal.throwIfAborted();
    if (codeOf(error).startsWith('Archive')) throw error;
    throw new CodedError('ArchiveUnreachable', `${url} cannot be downloaded (${codeOf(error)})`, {
      cause: error,
    });
  } finally {
    clearTimeout(firstByte);
    clearTimeout(total);
    await file.close();
    await dispatcher.destroy();
  }
}

function inMegabytes(bytes: number): string {
  return (bytes / megabyte).toFixed(0);
}
