import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { publishFolder } from './publish-folder.ts';

let cacheFolder: string;
beforeEach(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), 'lockkeeper-test-'));
});
afterEach(() => rmSync(cacheFolder, { recursive: true, force: true }));

const write = (text: string) => async (folder: string) => writeFileSync(join(folder, 'tool'), text);

test('a folder is not to be seen by its name before it is complete', async () => {
  const finished = join(cacheFolder, 'tools');
  const seen: boolean[] = [];
  await publishFolder({ cacheFolder, name: 'tools' }, async (folder) => {
    await write('whole')(folder);
    seen.push(existsSync(finished));
  });
  expect({ seen, text: readFileSync(join(finished, 'tool'), 'utf8') }).toEqual({
    seen: [false],
    text: 'whole',
  });
});

test('when another was faster, its folder stays and nothing else is left', async () => {
  const folder = await publishFolder({ cacheFolder, name: 'tools' }, async (mine) => {
    await publishFolder({ cacheFolder, name: 'tools' }, write('the first'));
    await write('the second')(mine);
  });
  expect(readFileSync(join(folder, 'tool'), 'utf8')).toBe('the first');
  expect(readdirSync(cacheFolder)).toEqual(['tools']);
});

test('what fails half-way leaves nothing', async () => {
  const failing = publishFolder({ cacheFolder, name: 'tools' }, async (folder) => {
    await write('half')(folder);
    throw new Error('no space');
  });
  await expect(failing).rejects.toThrow('no space');
  expect(readdirSync(cacheFolder)).toEqual([]);
});

test('what a killed process left is removed an hour later, and not before', async () => {
  for (const name of ['.partial-old', '.partial-new']) mkdirSync(join(cacheFolder, name));
  const longAgo = new Date(Date.now() - 61 * 60_000);
  utimesSync(join(cacheFolder, '.partial-old'), longAgo, longAgo);
  await publishFolder({ cacheFolder, name: 'tools' }, write('whole'));
  expect(readdirSync(cacheFolder).sort()).toEqual(['.partial-new', 'tools']);
});
