import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';

const unhandled = new URL('../../src/telemetry/unhandled.ts', import.meta.url).href;

/** A real process that does `code` after `endOnUnhandled`. */
async function run(code: string): Promise<{ exit: unknown; stdout: string; stderr: string }> {
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { endOnUnhandled } from '${unhandled}'; endOnUnhandled(); ${code}`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exited = new Promise((resolve) => child.once('exit', (status, signal) => resolve(status ?? signal)));
  const [exit, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  return { exit, stdout, stderr };
}

const failure = `Object.assign(new Error('body: hunter2'), { code: 'ECONNRESET', headers: 'hunter2' })`;

describe('the process ends with exit code 1 and one line of JSON after', () => {
  test.each([
    ['an exception', `setTimeout(() => { throw ${failure}; })`, 'uncaught exception', 'ECONNRESET'],
    ['a rejection', `Promise.reject(${failure})`, 'unhandled rejection', 'ECONNRESET'],
    [
      'a rejection with no error',
      `Promise.reject('hunter2')`,
      'unhandled rejection',
      'ERR_UNHANDLED_REJECTION',
    ],
    ['nothing that was thrown', `setTimeout(() => { throw null; })`, 'uncaught exception', 'Unknown'],
    ['a text that was thrown', `setTimeout(() => { throw 'hunter2'; })`, 'uncaught exception', 'Unknown'],
    [
      'a code that holds a token',
      `Promise.reject(Object.assign(new Error('x'), { code: 'ghp_' + 'y'.repeat(36) }))`,
      'unhandled rejection',
      '[redacted]',
    ],
  ])('%s', async (_, code, msg, errorCode) => {
    const { exit, stdout, stderr } = await run(`${code}; setInterval(() => undefined, 1_000);`);
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).not.toContain('hunter2');
    expect(JSON.parse(stderr)).toEqual({
      level: 'error',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      code: errorCode,
      at: expect.any(Array),
      msg,
    });
  });
});

test('the line says where it was thrown', async () => {
  const { stderr } =
    await run(`const { Secret } = await import('${new URL('../../src/base/secret.ts', import.meta.url).href}');
    setTimeout(() => new Secret({}));`);
  const { at } = JSON.parse(stderr);
  expect(at[0]).toMatch(/^node:buffer:\d+:\d+$/);
  expect(at.join(' ')).toMatch(/file:\/\/\S+\/src\/base\/secret\.ts:\d+:\d+/);
});

test('a process that handles its errors ends as it wants', async () => {
  expect(await run(`Promise.reject(${failure}).catch(() => undefined); process.exitCode = 3;`)).toEqual({
    exit: 3,
    stdout: '',
    stderr: '',
  });
});
