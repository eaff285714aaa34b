import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { locateTools } from './tools.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockkeeper-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const say = (): void => undefined;
const onLinux = platform() === 'linux' && arch() === 'x64' ? test : test.skip;

onLinux(
  'on Linux x64 kubectl 1.36 and helm 4 are unpacked once, however many ask, and run',
  async () => {
    const said: string[] = [];
    const wanting = { say: (line: string) => void said.push(line), cacheFolder: folder, env: { PATH: '' } };
    const [tools, same] = await Promise.all([locateTools(wanting), locateTools(wanting)]);
    const run = (file: string, ...args: string[]): string =>
      spawnSync(file, args, { encoding: 'utf8' }).stdout;
    expect(same).toEqual(tools);
    expect(said.filter((line) => line.includes('unpacking'))).toHaveLength(1);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(readdirSync(tools.binFolder).sort()).toEqual(['helm', 'kubectl']);
    expect(run(tools.kubectl, 'version', '--client')).toContain('v1.36.');
    expect(run(tools.helm, 'version')).toContain('v4.');
  },
  60_000,
);

test('elsewhere they are those of the PATH', async () => {
  for (const name of ['kubectl', 'helm']) writeFileSync(join(folder, name), '#!/bin/sh\n', { mode: 0o755 });
  const tools = await locateTools({ say, env: { PATH: `/nowhere:${folder}` }, machine: 'darwin-arm64' });
  expect(tools).toEqual({ kubectl: join(folder, 'kubectl'), helm: join(folder, 'helm'), binFolder: folder });
});

test.each([
  [['kubectl'], 'helm must be on the PATH on this kind of machine: install it'],
  [['helm'], 'kubectl must be on the PATH on this kind of machine: install it'],
  [[], 'kubectl and helm must be on the PATH on this kind of machine: install them'],
])('elsewhere, with %j there, one sentence says what is missing', async (there, sentence) => {
  for (const name of there) writeFileSync(join(folder, name), '#!/bin/sh\n', { mode: 0o755 });
  const finding = locateTools({ say, env: { PATH: folder }, machine: 'linux-arm64' });
  await expect(finding).rejects.toMatchObject({ code: 'ToolMissing', message: sentence });
});
