import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError } from '../../../src/base/error.ts';
import { findOnPath } from './find-on-path.ts';
import { runCommand } from './run-command.ts';
import { startWatchdog } from './watchdog.ts';

/** Must be what `go/go.mod` requires of k8s.io/kubernetes: the server answers `/version` with it. */
export const builtVersion = '1.36.3';
export const builtBinary = 'lockkeeper-cluster';

const moduleFolder = fileURLToPath(new URL('./go/', import.meta.url));
const oldestMinor = 26;
const saidEveryMs = 10_000;
const versionPackage = 'k8s.io/component-base/version';
const [major, minor] = builtVersion.split('.');
const flags = [
  '-trimpath',
  '-buildvcs=false',
  '-mod=readonly',
  `-ldflags=-s -w -X ${versionPackage}.gitVersion=v${builtVersion} -X ${versionPackage}.gitMajor=${major} -X ${versionPackage}.gitMinor=${minor}`,
];

/** Changes with anything that changes the binary: the module's files and the flags of the build. 12 hex digits. */
export async function buildKey(): Promise<string> {
  const hash = createHash('sha256').update(flags.join('\0'));
  for (const name of ['go.mod', 'go.sum', 'main.go']) hash.update(await readFile(join(moduleFolder, name)));
  return hash.digest('hex').slice(0, 12);
}

export interface Go {
  readonly file: string;
  readonly version: string;
}

/** The Go of `env.PATH` if it is new enough; else why not, as the end of a sentence. */
export async function findGo({
  env,
  signal,
}: {
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
}): Promise<Go | string> {
  const file = findOnPath('go', env);
  if (file === undefined) return 'there is no go on the PATH';
  const { stdout } = await runCommand({
    file,
    args: ['env', 'GOVERSION'],
    env: goEnvironment(env),
    cwd: '/',
    signal,
  });
  const version = stdout.trim();
  const [, found] = /^go1\.(\d+)/.exec(version) ?? [];
  if (Number(found) >= oldestMinor) return { file, version };
  return `${file} is ${version || 'of no known version'}, and 1.${oldestMinor} or newer is needed`;
}

/** What a developer may have set for other work must not change the binary. Without cgo it is static and needs no compiler. */
function goEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { GOOS: _os, GOARCH: _arch, GOFLAGS: _flags, ...rest } = env;
  return { ...rest, CGO_ENABLED: '0', GOWORK: 'off', GOTOOLCHAIN: 'local' };
}

interface Build {
  readonly go: Go;
  readonly env: NodeJS.ProcessEnv;
  /** Exists; gets `lockkeeper-cluster`. The caller throws it away on failure. */
  readonly folder: string;
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Builds etcd and kube-apiserver as one binary. Rejects with `BuildFailed` and Go's last lines, or with the signal's reason. */
export async function buildBinary({ go, env, folder, say, signal }: Build): Promise<void> {
  const startedAt = Date.now();
  const seen = { downloaded: 0, compiled: 0, latest: '', tail: [] as string[] };
  const progress = setInterval(() => {
    say(
      `  ${elapsed(startedAt)}: ${seen.downloaded} modules downloaded, ${seen.compiled} packages compiled${seen.latest}`,
    );
  }, saidEveryMs);
  // Go itself ends with us and not some minutes later, even if we are killed. The folder that goes then is its scratch space.
  const scratch = join(folder, 'scratch');
  await mkdir(scratch);
  const watchdog = startWatchdog({ folder: scratch });
  try {
    const { code } = await runCommand({
      file: go.file,
      args: ['build', '-v', ...flags, '-o', join(folder, builtBinary), '.'],
      cwd: moduleFolder,
      env: { ...goEnvironment(env), GOTMPDIR: scratch },
      signal,
      watchdog,
      onErrorLine(line) {
        if (line.startsWith('go: downloading ')) seen.downloaded += 1;
        else if (/^[\w.-]+(\/[\w.~-]+)*$/.test(line)) seen.compiled += 1;
        else seen.tail = [...seen.tail, line].slice(-5);
        if (!line.includes(' ')) seen.latest = ` (${line})`;
      },
    });
    if (code !== 0)
      throw new CodedError('BuildFailed', `go build ended with ${code}: ${seen.tail.join(' | ')}`);
    say(`  built in ${elapsed(startedAt)}`);
  } finally {
    clearInterval(progress);
    await watchdog.close();
  }
}

function elapsed(sinceMs: number): string {
  const seconds = Math.round((Date.now() - sinceMs) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
