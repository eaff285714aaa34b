import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { z } from 'zod';
import { credential, type CredentialAccess } from '../../src/api/credential.ts';
import { renderChart, systemNamespace } from '../sandbox/chart.ts';
import { startControlPlane, type ControlPlane } from '../sandbox/cluster/control-plane.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { startController, type ControllerProcess } from '../sandbox/controller-process.ts';

/** Whom the cloud lets in, whatever rules say. */
const letIn = new Set<string>();
let cloud: Server;
let cluster: ControlPlane;
let folder: string;

beforeAll(async () => {
  cloud = await startCloud();
  const { port } = cloud.address() as AddressInfo; // a TCP server that listens has one
  cluster = await startControlPlane({ say: () => undefined, authorizer: `http://127.0.0.1:${port}/` });
  folder = await mkdtemp(join(tmpdir(), 'lockkeeper-authorizers-'));
  await cluster.ensureNamespace(systemNamespace);
  const { helm } = await cluster.tools();
  const applied = (await renderChart(helm, {})).objects.filter(({ kind }) => kind !== 'Deployment');
  await cluster.applyYaml(applied.map((object) => stringify(object)).join('---\n'));
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await cluster.stop();
  cloud.closeAllConnections();
  cloud.close();
  await rm(folder, { recursive: true });
});

const review = z.object({ spec: z.object({ user: z.string().default('') }) });

/** An authorizer as a cloud has one: by the name of a login alone. */
async function startCloud(): Promise<Server> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const allowed = letIn.has(review.parse(JSON.parse(body)).spec.user);
      response.setHeader('content-type', 'application/json');
      const head = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' };
      response.end(JSON.stringify({ ...head, status: { allowed } }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

let starts = 0;

/** Runs the auditor with these values of the chart for as long as `work` goes on. */
async function withAuditor(values: Record<string, unknown>, work: () => Promise<void>): Promise<void> {
  const { helm } = await cluster.tools();
  const { auditor } = await renderChart(helm, values);
  if (auditor === undefined) throw new Error('the chart has no auditor');
  starts += 1;
  const process: ControllerProcess = await startController({
    folder: join(folder, `auditor-${starts}`),
    chart: auditor,
    server: cluster.server,
    ca: cluster.ca,
    token: await cluster.requestToken({ namespace: systemNamespace, serviceAccount: 'lockkeeper-auditor' }),
  });
  try {
    await work();
  } finally {
    await process.stop();
  }
}

/** A namespace with a Credential, and perhaps somebody whom a rule lets read all Secrets there. */
async function freshCredential(reader?: string): Promise<string> {
  const namespace = await cluster.freshNamespace('clouded');
  const group = 'rbac.authorization.k8s.io';
  const metadata = { namespace, name: 'readers' };
  const objects = [
    {
      apiVersion: 'lockkeeper.dev/v1alpha1',
      kind: 'Credential',
      metadata: { namespace, name: 'promoter' },
      spec: { host: 'github.com', repositories: ['acme/fleet'], token: { secretRef: { name: 'key' } } },
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'Role', name: 'readers' },
      subjects: reader === undefined ? [] : [{ kind: 'User', apiGroup: group, name: reader }],
    },
  ];
  await cluster.applyYaml(objects.map((object) => stringify(object)).join('---\n'));
  return namespace;
}

const stored = z.object({ status: credential.shape.status.unwrap().pick({ access: true }).optional() });

async function untilAccess(
  namespace: string,
  holds: (access: CredentialAccess) => boolean,
): Promise<CredentialAccess> {
  const path = `/apis/lockkeeper.dev/v1alpha1/namespaces/${namespace}/credentials/promoter`;
  let last: CredentialAccess | undefined;
  await eventually(
    'the auditor says so',
    async () => {
      last = stored.parse((await cluster.api('GET', path)).body).status?.access;
      return last !== undefined && holds(last);
    },
    { deadlineMs: 20_000 },
  ).catch((cause: unknown) => {
    throw new Error(`status says ${JSON.stringify(last)}`, { cause });
  });
  if (last === undefined) throw new Error('there is no answer');
  return last;
}

test('with a webhook beside RBAC nothing is Exclusive, and who is let in by rules is told of', async () => {
  const [alone, shared] = [await freshCredential(), await freshCredential('ada')];
  await withAuditor({}, async () => {
    expect(await untilAccess(alone, () => true)).toMatchObject({
      verdict: 'Unknown',
      message:
        'no rule lets in anybody else, but the API server has another authorizer than RBAC, which may; if you trust it, set auditor.otherAuthorizers to Trusted (webhook authorizer does not support user rule resolution)',
      others: 0,
    });
    expect(await untilAccess(shared, () => true)).toMatchObject({ verdict: 'Shared', others: 1 });
  });
});

test('one that the operator trusts stands in the baseline, and may still not let in everybody', async () => {
  const namespace = await freshCredential();
  await withAuditor({ 'auditor.otherAuthorizers': 'Trusted' }, async () => {
    const access = await untilAccess(namespace, () => true);
    expect(access.verdict).toBe('Exclusive');
    expect(access.baseline[0]).toBe(
      'Trusted by the operator: other authorizers of the API server than RBAC, and whom they let in',
    );
  });
  letIn.add('lockkeeper:nobody');
  await withAuditor({ 'auditor.otherAuthorizers': 'Trusted' }, async () => {
    expect(await untilAccess(namespace, ({ verdict }) => verdict !== 'Exclusive')).toMatchObject({
      verdict: 'Unknown',
      message: expect.stringMatching(
        /^The API server lets User lockkeeper:nobody get the Secret and no rule/,
      ),
    });
  });
});
