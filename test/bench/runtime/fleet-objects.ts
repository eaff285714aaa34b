import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { systemNamespace } from '../../sandbox/chart.ts';
import { fleet } from '../../sandbox/world.ts';

/** What a fleet of Pipelines consists of: one object to be made, and where. */
export interface Made {
  /** Of the collection. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const environments = ['dev', 'test', 'staging', 'prod'] as const;
const teams = 10;
/** Each with a namespace for every environment. */
const groupsOfTeam = 10;
const secretName = 'acme-promoter';

const recording = z.object({ steps: z.array(z.object({ object: z.record(z.string(), z.unknown()) })) });
/** A HelmRelease that has been installed and upgraded, as helm-controller left it. */
const recordedFile = new URL(
  '../../fixtures/flux/helmrelease/rolled-back-then-next-version.json',
  import.meta.url,
);
const recordedNamespace = 'hr-rolled-back-then-next-version';

/** Those of ten teams: one for the Pipelines, others for the apps. */
export function* namespaces(): Generator<Made> {
  for (let team = 0; team < teams; team += 1) {
    const namespace = teamNamespace(team);
    yield namespaceOf(namespace);
    for (let group = 0; group < groupsOfTeam; group += 1) {
      for (const environment of environments) {
        const annotations = { 'lockkeeper.dev/allow-pipelines-from': namespace };
        yield namespaceOf(targetNamespace(team, group, environment), annotations);
      }
    }
  }
}

/** Each team's own, with its Secret and the right to read that. */
export function* credentials(secret: {
  readonly appId: string;
  readonly privateKey: string;
}): Generator<Made> {
  for (let team = 0; team < teams; team += 1) {
    const namespace = teamNamespace(team);
    const made = (root: string, plural: string, body: object): Made => ({
      path: `${root}/namespaces/${namespace}/${plural}`,
      body: { metadata: { name: secretName, namespace }, ...body },
    });
    yield made('/api/v1', 'secrets', { stringData: secret });
    yield made('/apis/rbac.authorization.k8s.io/v1', 'roles', {
      rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: [secretName], verbs: ['get'] }],
    });
    yield made('/apis/rbac.authorization.k8s.io/v1', 'rolebindings', {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: secretName },
      subjects: [{ kind: 'ServiceAccount', name: 'lockkeeper-controller', namespace: systemNamespace }],
    });
    yield made('/apis/lockkeeper.dev/v1alpha1', 'credentials', {
      apiVersion: 'lockkeeper.dev/v1alpha1',
      kind: 'Credential',
      spec: { host: 'github.com', repositories: [fleet], githubApp: { secretRef: { name: secretName } } },
    });
  }
}

/** So many Pipelines of four environments, by turns of the ten teams, as `kubectl apply` makes them. */
export function* pipelines(count: number): Generator<Made> {
  for (let at = 0; at < count; at += 1) {
    const namespace = teamNamespace(teamOf(at));
    const applied = pipelineOf(at, namespace);
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) };
    yield {
      path: `/apis/lockkeeper.dev/v1alpha1/namespaces/${namespace}/pipelines`,
      body: { ...applied, metadata: { ...applied.metadata, annotations } },
    };
  }
}

function pipelineOf(at: number, namespace: string) {
  return {
    apiVersion: 'lockkeeper.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: appName(at), namespace, labels: { 'example.com/team': namespace } },
    spec: {
      appRef: { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', name: appName(at) },
      environments: environments.map((name) => ({
        name,
        targets: [{ namespace: targetNamespace(teamOf(at), groupOf(at), name) }],
      })),
      promotion: {
        strategy: {
          pullRequest: {
            url: `https://github.com/${fleet}`,
            paths: [`apps/${appName(at)}`],
            credentialRef: { name: secretName },
          },
        },
      },
    },
  };
}

/** The HelmReleases that they promote: one version in all environments, healthy, so that nothing is to be done. */
export function* helmReleases(count: number): Generator<Made> {
  const template = readTemplate();
  for (let at = 0; at < count; at += 1) {
    for (const environment of environments) {
      const namespace = targetNamespace(teamOf(at), groupOf(at), environment);
      const text = template.replaceAll(recordedNamespace, namespace).replaceAll('podinfo', appName(at));
      yield { path: collectionOf(namespace), body: recordOf(JSON.parse(text)) };
    }
  }
}

/** `namespace/name` of so many HelmReleases, each of another Pipeline. */
export function helmReleaseKeys(count: number): readonly string[] {
  return Array.from(
    { length: count },
    (_, at) => `${targetNamespace(teamOf(at), groupOf(at), 'dev')}/${appName(at)}`,
  );
}

/** Where the HelmReleases of a namespace are. */
export function collectionOf(namespace: string): string {
  return `/apis/helm.toolkit.fluxcd.io/v2/namespaces/${namespace}/helmreleases`;
}

/**
 * What Flux recorded, with the values and labels that an app in production has. Generation 1: a new object has no other. Who owns
 * which field, a third of such an object, is written by the server.
 */
function readTemplate(): string {
  const { steps } = recording.parse(JSON.parse(readFileSync(recordedFile, 'utf8')));
  const text = JSON.stringify(steps.at(-1)?.object).replace(/("[a-zA-Z]*[gG]eneration"):\d+/g, '$1:1');
  const object = recordOf(JSON.parse(text));
  const metadata = recordOf(object['metadata']);
  return JSON.stringify({
    ...object,
    metadata: {
      name: 'podinfo',
      namespace: recordedNamespace,
      finalizers: metadata['finalizers'],
      labels: {
        'kustomize.toolkit.fluxcd.io/name': 'apps',
        'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
        'app.kubernetes.io/part-of': 'podinfo',
      },
    },
    spec: { ...recordOf(object['spec']), values },
  });
}

const values = {
  replicaCount: 3,
  image: { repository: 'ghcr.io/acme/podinfo', pullPolicy: 'IfNotPresent' },
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  ingress: {
    enabled: true,
    className: 'nginx',
    annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' },
    hosts: [{ host: 'podinfo.example.com', paths: [{ path: '/', pathType: 'Prefix' }] }],
    tls: [{ secretName: 'podinfo-tls', hosts: ['podinfo.example.com'] }],
  },
  autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 12, targetCPUUtilizationPercentage: 75 },
  env: { LOG_LEVEL: 'info', DATABASE_HOST: 'podinfo-db.example.internal', CACHE_TTL: '30s' },
  podSecurityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
};

function namespaceOf(name: string, annotations: Readonly<Record<string, string>> = {}): Made {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, annotations } };
  return { path: '/api/v1/namespaces', body };
}

function appName(at: number): string {
  return `app-${String(at).padStart(5, '0')}`;
}

function teamOf(at: number): number {
  return at % teams;
}

function groupOf(at: number): number {
  return Math.floor(at / teams) % groupsOfTeam;
}

function teamNamespace(team: number): string {
  return `team-${team}`;
}

function targetNamespace(team: number, group: number, environment: string): string {
  return `${teamNamespace(team)}-${group}-${environment}`;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return z.record(z.string(), z.unknown()).parse(value);
}
