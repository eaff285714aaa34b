import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readConfig } from '../../src/cli/config.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockkeeper-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, text);
  return path;
}

test('without any word github.com is the one forge, and namespaces must allow their Pipelines', () => {
  expect(readConfig([])).toMatchObject({
    forges: [{ host: 'github.com', provider: 'github', apiURL: 'https://api.github.com', allowHTTP: false }],
    crossNamespaceTargets: 'Annotated',
    logLevel: 'info',
  });
});

test('a server of your own has its API under a path', () => {
  const path = file('forges: [{ host: git.example.com, provider: github }]');
  expect(readConfig(['--config', path])).toMatchObject({
    forges: [{ apiURL: 'https://git.example.com/api/v3' }],
  });
});

test('a flag wins over the file', () => {
  const path = file('logLevel: warn\ninstance: file');
  expect(readConfig(['--config', path, '--log-level', 'debug'])).toMatchObject({
    logLevel: 'debug',
    instance: 'file',
  });
});

test('every mistake is told at once', () => {
  const path = file(
    'forges: [{ host: "Git Hub", provider: svn, apiURL: "http://x" }]\nlogLevel: loud\ncolour: red',
  );
  expect(() => readConfig(['--config', path, '--concurrency', '0'])).toThrow(
    /has 5 mistake\(s\):[\s\S]*forges\.0\.host[\s\S]*forges\.0\.provider[\s\S]*logLevel[\s\S]*concurrency[\s\S]*colour/,
  );
});

test('http needs the word of the operator', () => {
  const plain = '{ host: git.local, provider: github, apiURL: "http://git.local" }';
  expect(() => readConfig(['--config', file(`forges: [${plain}]`)])).toThrow(/set allowHTTP/);
  expect(
    readConfig(['--config', file(`forges: [${plain.replace('}', ', allowHTTP: true }')}]`)]),
  ).toMatchObject({
    forges: [{ allowHTTP: true }],
  });
});

test.each([
  [['--colour', 'red'], /Unknown option '--colour'[\s\S]*--help/],
  [['--config', '/nowhere/config.yaml'], /cannot read \/nowhere\/config\.yaml/],
  [['extra'], /Unexpected argument 'extra'/],
])('a wrong flag is explained: %j', (args, message) => {
  expect(() => readConfig(args)).toThrow(message);
});

test('a file that is not YAML is named', () => {
  expect(() => readConfig(['--config', file('a: [')])).toThrow(/config\.yaml is not YAML/);
  expect(() => readConfig(['--config', file('just text')])).toThrow(/must hold a mapping/);
});

test('--help is an answer, not a mistake', () => {
  expect(readConfig(['-h', '--log-level', 'loud'])).toBe('help');
});
