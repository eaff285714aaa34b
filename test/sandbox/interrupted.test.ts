import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './cluster/eventually.ts';

/** A program that does this when it is interrupted. */
async function start(then: string): Promise<{
  readonly interrupt: () => void;
  readonly said: () => string;
  readonly ended: Promise<unknown[]>;
}> {
  const module = new URL('interrupted.ts', import.meta.url).href;
  const script = `
    import { writeSync } from 'node:fs';
    import { untilInterrupted } from ${JSON.stringify(module)};
    const stay = setInterval(() => undefined, 1_000);
    const { interrupted } = untilInterrupted();
    writeSync(1, 'ready ');
    await interrupted;
    ${then}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  const ended = once(child, 'close');
  await eventually('it runs', () => text.includes('ready'));
  return { interrupt: () => void child.kill('SIGINT'), said: () => text, ended };
}

test('Ctrl-C that comes twice at once is one, also when the second finds us busy for long', async () => {
  const program = await start(`
    writeSync(1, 'stopping ');
    process.kill(process.pid, 'SIGINT');
    for (const until = Date.now() + 1_500; Date.now() < until; );
    await new Promise((resolve) => setTimeout(resolve, 50));
    writeSync(1, 'clean');
    clearInterval(stay);`);
  program.interrupt();
  expect((await program.ended)[0]).toBe(0);
  expect(program.said()).toBe('ready stopping clean');
});

test('pressed again while the stop takes its time, it ends at once', async () => {
  const program = await start('');
  let how: unknown;
  void program.ended.then(([code]) => (how = code));
  await eventually('it has ended', () => {
    program.interrupt();
    return how !== undefined;
  });
  expect(how).toBe(130);
});
