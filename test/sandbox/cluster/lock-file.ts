import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../../src/base/error.ts';

/** A holder renews its lock this often; one that was not renewed for three times as long is taken for dead. */
const renewMs = 10_000;
const pollMs = 100;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly nonce: string;
}

/**
 * Runs `work` while no other process does so under the same lock file. A lock is broken when its process is gone (same host) or
 * has not renewed it for 30 s. The lock saves double work and no more: in the worst race both run, so what `work` publishes
 * must be published atomically.
 *
 * @param onWait called once if another process holds the lock, with that process's id
 * @param signal ends the wait; `work` minds it for itself
 */
export async function withLock<T>(
  {
    file,
    onWait,
    signal,
  }: { file: string; onWait: (pid: number | undefined) => void; signal?: AbortSignal | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const mine: Holder = { pid: process.pid, host: hostname(), nonce: randomUUID() };
  await mkdir(dirname(file), { recursive: true });
  for (
    let told = false;
    !(await taken(file, mine));
    await delay(pollMs, undefined, signal ? { signal } : {})
  ) {
    const other = await holderOf(file);
    if (other === 'none') continue;
    if (isGone(other)) {
      await breakLock(file, other);
      continue;
    }
    if (!told) onWait(other.holder?.pid);
    told = true;
  }
  const renewal = setInterval(
    () => void utimes(file, new Date(), new Date()).catch(() => undefined),
    renewMs,
  );
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    const now = await holderOf(file);
    if (now !== 'none' && now.holder?.nonce === mine.nonce) await rm(file, { force: true });
  }
}

async function taken(file: string, mine: Holder): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(mine), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

interface Seen {
  /** Absent while the holder is between creating the file and writing it. */
  readonly holder?: Holder;
  readonly text: string;
  readonly ageMs: number;
}

async function holderOf(file: string): Promise<Seen | 'none'> {
  try {
    const [text, { mtimeMs }] = [await readFile(file, 'utf8'), await stat(file)];
    const holder = parsed(text);
    return { text, ageMs: Date.now() - mtimeMs, ...(holder && { holder }) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'none';
    throw error;
  }
}

function parsed(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder; // written by `taken` alone, and only compared
  } catch {
    return undefined;
  }
}

function isGone({ holder, ageMs }: Seen): boolean {
  if (ageMs > 3 * renewMs) return true;
  return holder !== undefined && holder.host === hostname() && !isAlive(holder.pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Moves the lock aside and looks at what was moved: between two who break it at once, the later may have caught a new one. */
async function breakLock(file: string, judged: Seen): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
    if ((await readFile(aside, 'utf8')) === judged.text) await rm(aside);
    else await rename(aside, file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error; // another was faster
  }
}
