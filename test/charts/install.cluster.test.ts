import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { renderChart } from '../sandbox/chart.ts';
import type { Cluster } from '../sandbox/cluster/cluster.ts';
import { obtainControlPlane } from '../sandbox/cluster/obtain-control-plane.ts';
import { locateTools } from '../sandbox/cluster/tools.ts';

let helm: string;
let cluster: Cluster;
let namespace: string;

beforeAll(async () => {
  ({ helm } = await locateTools({ say: () => undefined }));
  cluster = await obtainControlPlane({ say: () => undefined });
  namespace = await cluster.freshNamespace('chart');
}, 600_000); // the first start on a machine builds the servers

afterAll(() => cluster.stop());

const namespaced = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
});

test('an API server takes everything that the chart puts into its namespace, and knows every member', async () => {
  const { objects } = await renderChart(helm, {
    replicas: 2,
    metrics: { port: 8080, service: { enabled: true } },
    caConfigMap: 'forge-ca',
  });
  const answers: Record<string, unknown> = {};
  for (const object of objects) {
    const { data } = namespaced.safeParse(object);
    if (data === undefined) continue;
    const { apiVersion, kind, metadata } = data;
    const api = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const plural = `${kind.toLowerCase()}s`;
    const { status, body } = await cluster.api(
      'POST',
      `${api}/namespaces/${namespace}/${plural}?dryRun=All&fieldValidation=Strict`,
      { ...data, metadata: { ...metadata, namespace } },
    );
    answers[kind] = status === 201 ? status : body;
  }
  expect(answers).toEqual({
    ConfigMap: 201,
    Deployment: 201,
    PodDisruptionBudget: 201,
    Role: 201,
    RoleBinding: 201,
    Service: 201,
    ServiceAccount: 201,
  });
});
