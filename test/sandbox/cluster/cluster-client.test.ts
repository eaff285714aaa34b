import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Agent } from 'undici';
import { Secret } from '../../../src/base/secret.ts';
import { ClusterClient } from './cluster-client.ts';

const definition = readFileSync(new URL('boat.yaml', import.meta.url), 'utf8');
const core = {
  resources: [{ name: 'customresourcedefinitions', kind: 'CustomResourceDefinition', namespaced: false }],
};
const withoutBoats = { resources: [{ name: 'oars', kind: 'Oar', namespaced: true }] };
const withBoats = {
  resources: [...withoutBoats.resources, { name: 'boats', kind: 'Boat', namespaced: true }],
};
const spec = {
  group: 'test.lockkeeper.dev',
  names: { plural: 'boats' },
  versions: [{ name: 'v1', served: true }],
};
const established = { spec, status: { conditions: [{ type: 'Established', status: 'True' }] } };

/** What it answers to each path, in turn; the last answer stays. The texts are those of a kube-apiserver 1.36. */
const script = new Map<string, { status: number; body: unknown }[]>([
  ['GET /apis/apiextensions.k8s.io/v1', [{ status: 200, body: core }]],
  [
    'GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.test.lockkeeper.dev',
    [
      { status: 503, body: { kind: 'Status', message: 'it was away for a moment' } },
      { status: 200, body: { spec, status: { conditions: null } } },
      { status: 200, body: established },
    ],
  ],
  [
    'GET /apis/test.lockkeeper.dev/v1',
    [
      { status: 404, body: '404 page not found\n' },
      { status: 200, body: withoutBoats },
      { status: 200, body: withBoats },
    ],
  ],
]);
const asked: string[] = [];

const agent = new Agent();
let server: Server;
let client: ClusterClient;
beforeAll(async () => {
  server = createServer((request, response) => {
    const line = `${request.method} ${(request.url ?? '').split('?')[0]}`;
    asked.push(line);
    const answers = script.get(line) ?? [{ status: 200, body: {} }];
    const { status, body } = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 500, body: '' };
    const isText = typeof body === 'string';
    response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' });
    response.end(isText ? body : JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  client = new ClusterClient({
    server: `http://127.0.0.1:${port}`,
    token: new Secret('a-token-of-a-test'),
    agent,
  });
});
afterAll(async () => {
  await agent.close();
  server.close();
});

test('objects follow their definition only when discovery shows it, which comes after its condition', async () => {
  await client.applyYaml(definition);
  const discovery = 'GET /apis/test.lockkeeper.dev/v1';
  expect(asked.filter((line) => line === discovery || line.startsWith('PATCH'))).toEqual([
    'PATCH /apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.test.lockkeeper.dev',
    discovery, // 404
    discovery, // without boats
    discovery, // to know that it is served
    discovery, // to know the path
    'PATCH /apis/test.lockkeeper.dev/v1/namespaces/default/boats/ida',
  ]);
});
