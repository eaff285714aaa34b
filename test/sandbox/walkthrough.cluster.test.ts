import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { eventually } from './cluster/eventually.ts';
import { openShell, type Shell } from './shell.ts';

const readme = new URL('../../README.md', import.meta.url);
const walkthrough = /<!-- walkthrough -->\s*```sh\n(.*?)```\s*<!-- \/walkthrough -->/s;

let shell: Shell;

beforeEach(async () => {
  shell = await openShell();
});

afterEach(() => shell.close());

describe('the sandbox', () => {
  test("the README's walk ends with a pull request, and Ctrl-C leaves nothing", async () => {
    const sandbox = shell.start('npm', ['run', 'sandbox']);
    await sandbox.untilShown('Ctrl-C ends it');
    const [, commands = ''] = walkthrough.exec(await readFile(readme, 'utf8')) ?? [];
    expect(commands).toContain('kubectl apply -f examples/');
    const walked = await shell.run(commands);
    expect(walked).toMatchObject({ code: 0, stderr: '' });
    expect(walked.stdout).toMatch(
      /dev 6\.2\.0, staging 6\.1\.0, prod 6\.1\.0 +staging: pull request #1 for 6\.2\.0/,
    );
    expect(walked.stdout).toMatch(/acme-promoter +github\.com +GitHubApp +acme-promoter\[bot\] +True/);

    const refused = await shell.run('eval "$(npm run -s sandbox -- env)"; sandbox release "6.3.0 # x"');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('sandbox: the version holds');
    const second = await shell.run('npm run -s sandbox');
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('stop that one first');

    sandbox.ctrlC();
    await sandbox.ended;
    expect(await shell.leftBehind()).toEqual([]);
    const late = await shell.run('eval "$(npm run -s sandbox -- env)"');
    expect(late.code).not.toBe(0);
    expect(late.stderr).toContain('no sandbox runs here; start one in another shell: npm run sandbox');
  }, 180_000);

  test('leaves nothing behind when it is killed', async () => {
    // Without npm between, which would take the signal.
    const sandbox = shell.start('node', ['test/sandbox/main.ts']);
    await sandbox.untilShown('Ctrl-C ends it');
    sandbox.kill();
    await sandbox.ended;
    const note = 'sandbox.json'; // nobody is left to remove it; who reads it sees that its process is gone
    await eventually('everything is gone', async () => isDeepStrictEqual(await shell.leftBehind(), [note]));
    expect(await shell.run('npm run -s sandbox -- env')).toMatchObject({ code: 1, stdout: 'false\n' });
  }, 90_000);

  test.each([
    ['bogus', 'there is no command "bogus"'],
    ['release', 'release takes one version, such as 6.2.0'],
    ['--pace 7', '--pace takes a number from 0 to 1'],
    ['--no-such-flag', "Unknown option '--no-such-flag'"],
  ])('sandbox %s is told with the help and exit code 2', async (words, why) => {
    const { code, stderr } = await shell.run(`node test/sandbox/main.ts ${words}`);
    expect(code).toBe(2);
    expect(stderr).toContain(why);
    expect(stderr).toContain('Usage: npm run sandbox');
  });
});
