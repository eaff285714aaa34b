import { systemNamespace } from '../sandbox/chart.ts';

/** The manifests of one Pipeline that goes from dev to staging, all named for the namespace that it lives in. */

export const environmentNames = ['dev', 'staging'] as const;
export type EnvironmentName = (typeof environmentNames)[number];

/** Of the Credential and its Secret. */
export const credentialName = 'promoter';

export function environmentNamespace(namespace: string, environment: EnvironmentName): string {
  return `${namespace}-${environment}`;
}

export function namespaceObject(name: string, allows?: string): object {
  const annotations = allows === undefined ? {} : { 'lockkeeper.dev/allow-pipelines-from': allows };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, annotations } };
}

export function secretObject(namespace: string, stringData: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: credentialName, namespace }, stringData };
}

export interface CredentialChanges {
  readonly host?: string;
  readonly repositories?: readonly string[];
}

export function credentialObject(
  namespace: string,
  kind: 'githubApp' | 'token',
  { host = 'github.com', repositories = [`acme/${namespace}`] }: CredentialChanges = {},
): object {
  return {
    apiVersion: 'lockkeeper.dev/v1alpha1',
    kind: 'Credential',
    metadata: { name: credentialName, namespace },
    spec: { host, repositories, [kind]: { secretRef: { name: credentialName } } },
  };
}

export interface PipelineChanges {
  readonly url?: string;
  readonly baseBranch?: string;
  readonly paths?: readonly string[];
}

export function pipelineObject(
  namespace: string,
  {
    url = `https://github.com/acme/${namespace}`,
    baseBranch = 'main',
    paths = ['apps'],
  }: PipelineChanges = {},
): object {
  return {
    apiVersion: 'lockkeeper.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'podinfo', namespace },
    spec: {
      appRef: { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', name: 'podinfo' },
      environments: environmentNames.map((name) => ({
        name,
        targets: [{ namespace: environmentNamespace(namespace, name) }],
      })),
      promotion: {
        strategy: { pullRequest: { url, baseBranch, paths, credentialRef: { name: credentialName } } },
      },
    },
  };
}

/** What lets the controller read the one Secret. */
export function grantObjects(namespace: string): object[] {
  const metadata = { name: 'lockkeeper-promoter', namespace };
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: [credentialName], verbs: ['get'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: 'lockkeeper-controller', namespace: systemNamespace }],
    },
  ];
}

/** Where the HelmRelease of an environment stands in the repository. */
export function releasePath(environment: EnvironmentName): string {
  return `apps/${environment}.yaml`;
}

export function marker(namespace: string, pipeline = 'podinfo'): string {
  return `# {"$promotion": "${namespace}:${pipeline}:staging"}`;
}

/** @param version as it stands in the file, with what is behind it on its line */
export function releaseFile(namespace: string, environment: EnvironmentName, version: string): string {
  return `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: podinfo
  namespace: ${environmentNamespace(namespace, environment)}
spec:
  interval: 10m
  chart:
    spec:
      chart: podinfo
      version: ${version}
      sourceRef: { kind: HelmRepository, name: podinfo }
`;
}
