import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../../src/base/error.ts';

const partial = '.partial-';
/** Nothing takes so long; what is older was left by a process that was killed. */
const abandonedMs = 60 * 60_000;

/**
 * The folder `name` in `cacheFolder`, made by `fill` in a folder beside it and moved there whole: who sees the name sees all of
 * it. When another process was faster, its folder stays and ours goes. On failure nothing is left.
 */
export async function publishFolder(
  { cacheFolder, name }: { cacheFolder: string; name: string },
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  await mkdir(cacheFolder, { recursive: true });
  await sweep(cacheFolder);
  const unfinished = await mkdtemp(join(cacheFolder, partial));
  const finished = join(cacheFolder, name);
  try {
    await fill(unfinished);
    await rename(unfinished, finished);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
  }
  return finished;
}

async function sweep(cacheFolder: string): Promise<void> {
  for (const name of await readdir(cacheFolder)) {
    if (!name.startsWith(partial)) continue;
    const folder = join(cacheFolder, name);
    const seen = await stat(folder).catch(() => undefined);
    if (seen && Date.now() - seen.mtimeMs > abandonedMs) await rm(folder, { recursive: true, force: true });
  }
}
