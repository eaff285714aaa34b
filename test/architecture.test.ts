import { describe, expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { clusterTestViolations } from './architecture/cluster-tests.ts';
import { cycles } from './architecture/cycles.ts';
import { habitViolations } from './architecture/habits.ts';
import { importViolations } from './architecture/import-table.ts';
import { readModule } from './architecture/module.ts';
import { purityViolations } from './architecture/purity.ts';
import { violations } from './architecture/violations.ts';
import { waysOutViolations } from './architecture/ways-out.ts';

test('the project keeps its own rules', () => {
  expect(violations(fileURLToPath(new URL('..', import.meta.url)))).toEqual([]);
});

describe('who may import whom', () => {
  const production = new Set(['zod', '@kubernetes/client-node']);
  const why = (path: string, text: string): string[] =>
    importViolations([readModule(path, text)], production);

  test.each([
    ['src/api/a.ts', "import { x } from '../base/x.ts';"],
    ['src/kube/a.ts', "import { x } from '../api/meta.ts';"],
    ['src/proposing/a.ts', "import type { X } from '../api/x.ts'; import { type Y } from '../api/y.ts';"],
    ['src/proposing/a.ts', "type X = import('../api/x.ts').X;"],
    ['src/gateway/a.ts', "export { x } from '../credentials/user-token.ts';"],
    ['src/cli/a.ts', "const x = await import('../promotion/x.ts');"],
    ['src/cli/a.ts', "const x = await import('@kubernetes/client-node');"],
    ['src/kube/a.ts', "import type { V1Pod } from '@kubernetes/client-node';"],
    ['src/base/a.ts', "import { readFile } from 'node:fs/promises'; import { z } from 'zod/v4';"],
    ['test/a.ts', "import { x } from '../src/cli/x.ts'; import { expect } from '@jest/globals';"],
  ])('%s may say %s', (path, text) => {
    expect(why(path, text)).toEqual([]);
  });

  test.each([
    ['src/base/a.ts', "import { x } from '../api/x.ts';", '1: base may not import api'],
    ['src/forges/a.ts', "\nimport type { X } from '../api/x.ts';", '2: forges may not import api'],
    ['src/forges/github/a.ts', "import '../../kube/x.ts';", '1: forges may not import kube'],
    ['src/kube/a.ts', "import { x } from '../api/pipeline.ts';", '1: kube may not import api'],
    [
      'src/proposing/a.ts',
      "import { x, type Y } from '../api/x.ts';",
      '1: proposing may import the types of api alone, not its values',
    ],
    [
      'src/gateway/a.ts',
      "export * from '../credentials/keyring.ts';",
      '1: gateway may not import credentials',
    ],
    ['src/gateway/a.ts', "await import('../promotion/act.ts');", '1: gateway may not import promotion'],
    ['src/promotion/a.ts', "import { x } from '../cli/x.ts';", '1: promotion may not import cli'],
    ['src/promotion/a.ts', "import { x } from '../auditor/x.ts';", '1: promotion may not import auditor'],
    [
      'src/api/a.ts',
      "import { x } from '../shared/x.ts';",
      '1: api may not import shared, which is not in the import table',
    ],
    [
      'src/cli/a.ts',
      "import { x } from '../../test/x.ts';",
      '1: src does not import test/x.ts, which is not part of the product',
    ],
    [
      'src/kube/a.ts',
      "import { KubeConfig } from '@kubernetes/client-node';",
      '1: only cli may import @kubernetes/client-node as more than types',
    ],
    [
      'src/kube/a.ts',
      "import { x } from 'yaml/x';",
      '1: yaml is not a production dependency: import its types alone',
    ],
  ])('%s may not say %s', (path, text, sentence) => {
    expect(why(path, text)).toEqual([`${path}:${sentence}`]);
  });

  test('a folder that nobody has put into the table is refused', () => {
    expect(why('src/shared/a.ts', '')).toEqual(['src/shared/a.ts: src/shared is not in the import table']);
    expect(why('src/a.ts', '')).toEqual(['src/a.ts: src/a.ts is not in the import table']);
  });
});

test('rings of imports are shown from end to end, those of types too', () => {
  const ring = [
    readModule('src/base/a.ts', "import type { B } from './b.ts';"),
    readModule('src/base/b.ts', "import { c } from './c/c.ts';"),
    readModule('src/base/c/c.ts', "export { a } from '../a.ts';"),
    readModule('src/base/d.ts', "import { a } from './a.ts';"),
  ];
  expect(cycles(ring)).toEqual([
    'src/base/a.ts imports src/base/b.ts imports src/base/c/c.ts imports src/base/a.ts: a ring',
  ]);
  expect(cycles(ring.slice(0, 2))).toEqual([]);
});

describe('pure files', () => {
  const clock = readModule(
    'src/base/clock.ts',
    'export const clock = { now: () => new Date() };\nexport function addMs(at: Date, ms: number) { return new Date(at.getTime() + ms); }',
  );
  const why = (text: string, path = 'src/engines/a.ts'): string[] =>
    purityViolations([clock, readModule(path, text)]);

  test.each([
    'const at = new Date(text); const hash = Buffer.from(text);',
    "import { createHash } from 'node:crypto'; import { parseDocument } from 'yaml';",
    "import { addMs } from '../base/clock.ts'; import type { Clock } from '../base/clock.ts';",
    "import { valid } from 'semver'; import type { Reader } from '../kube/reader.ts';",
    'const seen = { process: 1, fetch: 2 }; use(seen.process, seen.fetch);',
    'function f({ process: each }: { process: string }) { return each; }',
  ])('may say %s', (text) => {
    expect(why(text)).toEqual([]);
  });

  test.each([
    ['const f = async () => 1;', 'uses async'],
    ['await something;', 'uses await'],
    ['for await (const each of all) use(each);', 'uses await'],
    ['const at = Date.now();', 'uses Date.now'],
    ['const at = new Date();', 'uses new Date() without an instant'],
    ['const at = Date();', 'uses Date()'],
    ['const half = Math.random();', 'uses Math.random'],
    ["const home = process.env['HOME'];", 'uses process'],
    ['const get = { fetch };', 'uses fetch'],
    ['setTimeout(look, 5);', 'uses setTimeout'],
    ["console.log('seen');", 'uses console'],
  ])('may not say %s', (text, what) => {
    expect(why(text)).toEqual([`src/engines/a.ts:1: ${what}, but this file is pure`]);
  });

  test.each([
    ["import { readFileSync } from 'node:fs';", 'node:fs'],
    ["import { randomBytes, createHash } from 'node:crypto';", 'randomBytes of node:crypto'],
    ["import { fetch as get } from 'undici';", 'undici'],
    ["import { clock, addMs } from '../base/clock.ts';", 'clock of src/base/clock.ts'],
    ["import * as time from '../base/clock.ts';", '* of src/base/clock.ts'],
    ["import { act } from '../promotion/act.ts';", 'src/promotion/act.ts'],
  ])('may not say %s', (text, what) => {
    expect(why(text)).toEqual([`src/engines/a.ts:1: imports ${what}, but is pure`]);
  });

  test.each([
    ['src/engines/flux/a.ts', true],
    ['src/manifests/a.ts', true],
    ['src/proposing/proposal.ts', true],
    ['src/proposing/propose.ts', false],
    ['src/promotion/observation.ts', true],
    ['src/promotion/observe.ts', false],
    ['src/promotion/rules.ts', true],
    ['src/promotion/decide.ts', true],
    ['src/promotion/decision.ts', true],
    ['src/promotion/status.ts', true],
    ['src/promotion/announce.ts', true],
    ['src/promotion/act.ts', false],
    ['src/forges/github/webhook.ts', true],
    ['src/auditor/closure.ts', true],
  ])('are chosen by name: %s %s', (path, isPure) => {
    expect(why('const at = Date.now();', path).length).toBe(isPure ? 1 : 0);
  });
});

describe('habits of the house', () => {
  const why = (text: string, path = 'src/kube/a.ts'): string[] => habitViolations([readModule(path, text)]);

  test.each([
    "const reasons = new Map([['a', 1]]); const names = ['a'];",
    'function f() { let n = 0; const seen = new Map(); return [n, seen]; }',
    'const both = [1, 2] as const;',
    'const x = y as X; // zod has just parsed it',
    'const x = y! /* checked above */;',
    'if (thrown instanceof ForgeError) retry();',
  ])('%s', (text) => {
    expect(why(text)).toEqual([]);
  });

  test.each([
    ['let count = 0;', 'count is state of the module; give it an owner'],
    ['export const seen = new Map<string, string>();', 'seen is state of the module; give it an owner'],
    ['const queue: string[] = [];', 'queue is state of the module; give it an owner'],
    ['const tokens = new LRUCache({ max: 5 });', 'tokens is state of the module; give it an owner'],
    ['const is = x instanceof Error;', 'instanceof Error is false across realms; ask for its code or name'],
    [
      'const is = x instanceof TypeError;',
      'instanceof TypeError is false across realms; ask for its code or name',
    ],
    ['const x = y as X;', 'a cast carries its reason on the same line'],
    ['const x = y!;', 'a ! carries its reason on the same line'],
  ])('not %s', (text, sentence) => {
    expect(why(text)).toEqual([`src/kube/a.ts:1: ${sentence}`]);
  });

  test.each([
    'utils',
    'helper',
    'common',
    'manager',
    'types',
    'constants',
    'lock-manager',
    'test-helpers.test',
  ])('no file is named %s.ts', (name) => {
    const path = `test/kube/${name}.ts`;
    expect(why('', path)).toEqual([`${path}: name the file for the one idea that it holds`]);
  });

  test('a file may be named for a type or a common thing of its subject', () => {
    expect(why('', 'src/api/common-name.ts')).toEqual([]);
  });
});

test('a test that needs a cluster is named so that the unit tests leave it out', () => {
  const text = "import { obtainControlPlane } from '../sandbox/cluster/obtain-control-plane.ts';";
  expect(clusterTestViolations([readModule('test/kube/a.test.ts', text)])).toEqual([
    'test/kube/a.test.ts: uses obtainControlPlane; rename it to test/kube/a.cluster.test.ts',
  ]);
  expect(clusterTestViolations([readModule('test/kube/a.cluster.test.ts', text)])).toEqual([]);
  expect(clusterTestViolations([readModule('test/kube/world.ts', text)])).toEqual([]);
});

describe('what is sent goes by one of the two transports', () => {
  const why = (path: string, text: string): string[] => waysOutViolations([readModule(path, text)]);

  test.each([
    ['src/forges/connect.ts', "import { Agent, request } from 'undici';"],
    ['src/kube/transport/send.ts', "import type { Dispatcher } from 'undici';"],
    ['src/cli/a.ts', "import { isIP, type Socket } from 'node:net';"],
    ['src/telemetry/server.ts', "import { createServer } from 'node:http';"],
    ['src/forges/github/a.ts', 'const fetch = ours; await fetch(url); const passed = { fetch };'],
    ['test/a.ts', "import { request } from 'node:http'; await fetch(url);"],
  ])('%s may say %s', (path, text) => {
    expect(why(path, text)).toEqual([]);
  });

  test.each([
    ['src/forges/github/a.ts', "import { request } from 'undici';", 'request of undici'],
    ['src/gateway/a.ts', "import * as http from 'node:http';", '* of node:http'],
    ['src/kube/a.ts', "const { connect } = await import('node:tls');", '* of node:tls'],
    ['src/cli/a.ts', "import { lookup } from 'node:dns';", 'lookup of node:dns'],
    ['src/promotion/a.ts', 'await fetch(url);', 'fetch'],
    ['src/promotion/a.ts', 'await globalThis.fetch(url);', 'fetch'],
    ['src/promotion/a.ts', 'const socket = new WebSocket(url);', 'WebSocket'],
  ])('%s may not say %s', (path, text, what) => {
    expect(why(path, text)).toEqual([
      `${path}:1: uses ${what}; send by src/forges/connect.ts or src/kube/transport`,
    ]);
  });
});
