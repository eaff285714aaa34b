import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { renderChart } from '../sandbox/chart.ts';
import { locateTools } from '../sandbox/cluster/tools.ts';

let helm: string;
beforeAll(async () => {
  ({ helm } = await locateTools({ say: () => undefined }));
}, 120_000); // unpacks helm once on a machine

const probe = z.object({
  httpGet: z.object({ path: z.string(), port: z.literal('metrics') }),
  periodSeconds: z.number(),
  timeoutSeconds: z.number(),
  failureThreshold: z.number(),
});
const container = z.object({
  image: z.string(),
  args: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string() })),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  securityContext: z.unknown(),
  resources: z.object({ limits: z.object({ memory: z.string() }) }),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string(), readOnly: z.literal(true) })),
});
const labels = z.record(z.string(), z.string());
const deployment = z.object({
  spec: z.object({
    replicas: z.number(),
    strategy: z.unknown(),
    selector: z.object({ matchLabels: labels }),
    template: z.object({
      metadata: z.object({ labels, annotations: labels }),
      spec: z.object({
        terminationGracePeriodSeconds: z.number(),
        dnsConfig: z.unknown().optional(),
        securityContext: z.unknown(),
        affinity: z.unknown().optional(),
        containers: z.tuple([container]),
        volumes: z.array(z.object({ name: z.string(), configMap: z.object({ name: z.string() }) })),
      }),
    }),
  }),
});

const named = z.object({ metadata: z.object({ name: z.string() }) });

/** Those of the controller. */
async function objectsOf(values: Record<string, unknown>, kind: string): Promise<unknown[]> {
  const { objects } = await renderChart(helm, values);
  return objects.filter(
    (object) =>
      object['kind'] === kind && named.parse(object).metadata.name.startsWith('lockkeeper-controller'),
  );
}

async function deploymentOf(values: Record<string, unknown> = {}) {
  const [found] = await objectsOf(values, 'Deployment');
  const { spec } = deployment.parse(found);
  const pod = spec.template.spec;
  return { ...spec, pod, container: pod.containers[0] };
}

const metrics = (port: number, enabled: boolean) => ({ metrics: { port, service: { enabled } } });

test('the controller runs without rights on its node', async () => {
  const { pod, container: only, selector, template } = await deploymentOf();
  expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(only.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
});

test.each([
  [{}, '--disable-sigusr1 --max-old-space-size=160 --max-semi-space-size=4'],
  [{ nodeOptions: '' }, '--disable-sigusr1'],
  [{ nodeOptions: '--max-old-space-size=999' }, '--disable-sigusr1 --max-old-space-size=999'],
])('no signal opens its memory to a debugger, with %j', async (values, value) => {
  const { container: only } = await deploymentOf(values);
  expect(only.env).toEqual([{ name: 'NODE_OPTIONS', value }]);
});

test('the container mounts what its arguments and the configuration name', async () => {
  const { pod, container: only } = await deploymentOf({ caConfigMap: 'forge-ca' });
  expect(only.args).toEqual(['controller', '--config', '/etc/lockkeeper/config.yaml']);
  expect(only.volumeMounts.map(({ name, mountPath }) => [name, mountPath])).toEqual([
    ['config', '/etc/lockkeeper'],
    ['ca', '/etc/lockkeeper-ca'],
  ]);
  expect(pod.volumes).toEqual([
    { name: 'config', configMap: { name: 'lockkeeper-controller' } },
    { name: 'ca', configMap: { name: 'forge-ca' } },
  ]);
});

test('it starts anew when its configuration changes, and only then', async () => {
  const templateOf = async (values: Record<string, unknown>) => (await deploymentOf(values)).template;
  const before = await templateOf({ replicas: 2 });
  expect(await templateOf({ replicas: 3, ...metrics(8080, true) })).toEqual(before);
  for (const values of [{ logLevel: 'debug' }, { instance: 'a' }, metrics(9090, false)]) {
    const { annotations } = (await templateOf({ replicas: 2, ...values })).metadata;
    expect(annotations).not.toEqual(before.metadata.annotations);
  }
});

test('the kubelet asks for health where the controller listens', async () => {
  const { container: only } = await deploymentOf(metrics(9090, false));
  expect(only.ports).toEqual([{ name: 'metrics', containerPort: 9090 }]);
  const { startupProbe, livenessProbe, readinessProbe } = only;
  expect([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path)).toEqual([
    '/livez',
    '/livez',
    '/readyz',
  ]);
});

test('one hold-up of the event loop is no reason to restart it, a minute of them is', async () => {
  const { periodSeconds, failureThreshold } = (await deploymentOf()).container.livenessProbe;
  expect(failureThreshold).toBeGreaterThan(1);
  expect(periodSeconds * failureThreshold).toBe(60);
});

test('an upgrade begins with the new Pod, and leaves the old one the time that it takes to stop', async () => {
  const { strategy, pod } = await deploymentOf();
  expect(strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
  expect(pod.terminationGracePeriodSeconds).toBe(20);
});

describe('a lookup that the DNS does not answer', () => {
  test('ends before the old Pod has to: each name is asked for twice, for a second', async () => {
    const { dnsConfig } = (await deploymentOf()).pod;
    expect(dnsConfig).toEqual({
      options: [
        { name: 'timeout', value: '1' },
        { name: 'attempts', value: '2' },
      ],
    });
  });

  test.each([
    [null, undefined],
    [{ options: [{ name: 'single-request' }] }, { options: [{ name: 'single-request' }] }],
    [{ options: null, nameservers: ['10.0.0.10'] }, { nameservers: ['10.0.0.10'] }],
  ])('may take as long as the operator says: %j', async (dnsConfig, found) => {
    expect((await deploymentOf({ dnsConfig })).pod.dnsConfig).toEqual(found);
  });
});

describe('replicas', () => {
  test('are one, which nothing hinders to be moved', async () => {
    const { replicas, pod } = await deploymentOf();
    expect([replicas, pod.affinity]).toEqual([1, undefined]);
    expect(await objectsOf({}, 'PodDisruptionBudget')).toEqual([]);
  });

  test('as many as are asked for are on different nodes if possible, and end one by one', async () => {
    const { replicas, selector, pod } = await deploymentOf({ replicas: 2 });
    expect(replicas).toBe(2);
    expect(pod.affinity).toEqual({
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: selector },
          },
        ],
      },
    });
    expect(await objectsOf({ replicas: 2 }, 'PodDisruptionBudget')).toEqual([
      expect.objectContaining({
        spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector },
      }),
    ]);
  });
});

test('a Service shows the metrics only when asked for, then those of a Pod that is not ready too', async () => {
  expect(await objectsOf({}, 'Service')).toEqual([]);
  const { selector } = await deploymentOf();
  expect(await objectsOf(metrics(9090, true), 'Service')).toEqual([
    expect.objectContaining({
      spec: {
        selector: selector.matchLabels,
        publishNotReadyAddresses: true,
        ports: [{ name: 'metrics', port: 9090, targetPort: 'metrics' }],
      },
    }),
  ]);
});
