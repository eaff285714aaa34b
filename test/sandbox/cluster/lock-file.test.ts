import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { withLock } from './lock-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockkeeper-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (): string => join(folder, 'some.lock');
const nobody = (): void => undefined;

test('of many who want the lock at once each works alone, and the lock goes with the last', async () => {
  let [inside, most] = [0, 0];
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock({ file: file(), onWait: nobody }, work)));
  expect({ most, left: readdirSync(folder) }).toEqual({ most: 1, left: [] });
});

test('the lock of a process that is gone is broken, without waiting and by one only', async () => {
  const { pid } = spawnSync('/bin/true');
  writeFileSync(file(), JSON.stringify({ pid, host: hostname(), nonce: 'theirs' }));
  let [inside, most] = [0, 0];
  const waited: unknown[] = [];
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  const wanting = () => withLock({ file: file(), onWait: (other) => waited.push(other) }, work);
  await Promise.all([wanting(), wanting(), wanting()]);
  expect({ most, left: readdirSync(folder) }).toEqual({ most: 1, left: [] });
  expect(waited).not.toContain(pid);
});

test('the lock of a living process is waited for, and its id told', async () => {
  writeFileSync(file(), JSON.stringify({ pid: process.ppid, host: hostname(), nonce: 'theirs' }));
  const waited: unknown[] = [];
  const giveUp = new AbortController();
  const onWait = (pid: number | undefined): void => {
    waited.push(pid);
    giveUp.abort();
  };
  const work = withLock({ file: file(), onWait, signal: giveUp.signal }, async () => 'worked');
  await expect(work).rejects.toMatchObject({ name: 'AbortError' });
  expect({ waited, left: readdirSync(folder) }).toEqual({ waited: [process.ppid], left: ['some.lock'] });
});

test.each([
  ['of another machine', JSON.stringify({ pid: 1, host: 'elsewhere', nonce: 'theirs' })],
  ['that was never written', ''],
])('a lock %s is broken once it was not renewed for half a minute', async (_which, text) => {
  writeFileSync(file(), text);
  const longAgo = new Date(Date.now() - 31_000);
  utimesSync(file(), longAgo, longAgo);
  await expect(withLock({ file: file(), onWait: nobody }, async () => 'worked')).resolves.toBe('worked');
});

test('work that fails gives the lock back', async () => {
  const failing = withLock({ file: file(), onWait: nobody }, () => Promise.reject(new Error('no luck')));
  await expect(failing).rejects.toThrow('no luck');
  expect(readdirSync(folder)).toEqual([]);
});
