import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { lockkeeper } from './lockkeeper.ts';

const example = fileURLToPath(new URL('../../examples/credential.yaml', import.meta.url));
const documentsIn = (text: string): unknown[] => parseAllDocuments(text).map((each): unknown => each.toJS());

test('of a file it prints what stands beside the Credential in the example', async () => {
  const { code, stdout, stderr } = await lockkeeper(['rbac', 'acme-promoter', '-f', example]);
  expect([code, stderr]).toEqual([0, '']);
  const [role, binding] = documentsIn(readFileSync(example, 'utf8'));
  expect(documentsIn(stdout)).toEqual([role, binding]);
});

test('a file with one Credential need not be told which; standard input is a file too', async () => {
  const stdin = readFileSync(example, 'utf8');
  expect(await lockkeeper(['rbac', '-f', '-'], { stdin })).toEqual(await lockkeeper(['rbac', '-f', example]));
});

test('the controller may run somewhere else, as somebody else', async () => {
  const args = ['--controller-namespace', 'promoter', '--controller-service-account', 'keeper'];
  const { stdout } = await lockkeeper(['rbac', '-f', example, ...args]);
  expect(documentsIn(stdout)[1]).toMatchObject({
    subjects: [{ kind: 'ServiceAccount', name: 'keeper', namespace: 'promoter' }],
  });
  expect(stdout).not.toContain('Taken for');
  expect((await lockkeeper(['rbac', '-f', example])).stdout).toContain(
    '# Taken for the controller: ServiceAccount lockkeeper-system/lockkeeper-controller. If it runs as another, ',
  );
});

test('a Credential that says no namespace takes the one that is given', async () => {
  const stdin = readFileSync(example, 'utf8').replace('  namespace: apps\nspec:', 'spec:');
  const { stdout } = await lockkeeper(['rbac', '-f', '-', '-n', 'shop'], { stdin });
  expect(documentsIn(stdout)[0]).toMatchObject({
    metadata: { name: 'lockkeeper-acme-promoter', namespace: 'shop' },
  });
  expect((await lockkeeper(['rbac', '-f', '-'], { stdin })).stderr).toBe(
    'lockkeeper rbac: standard input does not say in which namespace it is: give -n NAMESPACE\n',
  );
});

const two = ['one', 'two']
  .map(
    (name) =>
      `apiVersion: lockkeeper.dev/v1alpha1\nkind: Credential\nmetadata: { name: ${name}, namespace: apps }\nspec: { token: { secretRef: { name: key } } }\n`,
  )
  .join('---\n');

test.each<[string, readonly string[], string, string]>([
  ['a file that is not there', ['-f', '/nowhere/x.yaml'], '', 'cannot read /nowhere/x.yaml (ENOENT)'],
  ['no YAML', ['-f', '-'], 'a: [', 'standard input: document 1 is not YAML'],
  ['a file without a Credential', ['-f', '-'], 'kind: Secret', 'standard input does not hold a Credential'],
  ['one of another name', ['three', '-f', '-'], two, 'standard input does not hold Credential three'],
  [
    'one of another namespace',
    ['-f', '-', '-n', 'shop'],
    two,
    'standard input does not hold a Credential of namespace shop',
  ],
  ['more than one', ['-f', '-'], two, 'standard input holds 2 Credentials: name one of one, two'],
  [
    'one without a Secret',
    ['-f', '-'],
    two.split('---')[0]?.replace('token: { secretRef: { name: key } }', 'host: github.com') ?? '',
    'standard input: Credential one names no Secret: give it githubApp or token',
  ],
])('%s is told of in a sentence', async (_, args, stdin, words) => {
  expect(await lockkeeper(['rbac', ...args], { stdin })).toEqual({
    code: 2,
    stdout: '',
    stderr: `lockkeeper rbac: ${words}\n`,
  });
});

test('all mistakes of its flags are told at once', async () => {
  expect(await lockkeeper(['rbac', '--speed', '--controller-namespace', 'A_B', 'one', 'two'])).toEqual({
    code: 2,
    stdout: '',
    stderr: `lockkeeper rbac: 4 mistake(s) in its flags:
  --speed: there is no such flag
  unexpected argument "two"
  --controller-namespace: is not the name of a namespace
  say in which namespace it is: -n NAMESPACE
See: lockkeeper rbac --help
`,
  });
});
