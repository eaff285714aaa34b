import { expect, test } from '@jest/globals';
import { tmpdir } from 'node:os';
import { complaintsOf } from './run-program.ts';

const node = (script: string): Promise<string> => complaintsOf(process.execPath, ['-e', script], tmpdir());

test('a program that succeeds has no complaints, whatever it said', async () => {
  expect(await node('console.log("all is well")')).toBe('');
});

test('a program that fails is quoted, both of its outputs', async () => {
  const said = await node('console.log("one"); console.error("two"); process.exitCode = 3');
  expect(said.split('\n').toSorted()).toEqual(['one', 'two']);
});

test('a program that fails or is killed without a word still counts as failed', async () => {
  expect(await node('process.exitCode = 3')).toMatch(/ended with 3$/);
  expect(await node('process.kill(process.pid, "SIGKILL")')).toMatch(/ended with SIGKILL$/);
});

test.each([
  ['SIGTERM', ''],
  ['0', 'process.on("SIGTERM", () => process.exit(0));'],
  ['2', 'process.on("SIGTERM", () => process.exit(2));'],
])(
  'a program that is not done in time is called so, beside what it said: it ends with %s',
  async (end, heeds) => {
    const script = `${heeds} console.log("begun"); setInterval(() => undefined, 1000)`;
    const said = await complaintsOf(process.execPath, ['-e', script], tmpdir(), 2_000);
    expect(said).toMatch(new RegExp(`^begun\n.* ended with ${end}: not done within 2 s$`));
  },
);
