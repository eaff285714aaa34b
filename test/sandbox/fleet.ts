/** The repository that the sandbox promotes in: podinfo in three environments, as a Flux user would have it. */
export const environments = ['dev', 'staging', 'prod'] as const;
export type EnvironmentName = (typeof environments)[number];

/** Where the HelmRelease of an environment stands in the repository. */
export function releasePath(environment: EnvironmentName): string {
  return `apps/podinfo/${environment}/release.yaml`;
}

/** The HelmRelease of an environment; all but dev carry the marker that promotions write to. */
export function releaseManifest(environment: EnvironmentName, version: string): string {
  const marker = environment === 'dev' ? '' : ` # {"$promotion": "apps:podinfo:${environment}"}`;
  return `# podinfo in ${environment}
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: podinfo
  namespace: podinfo-${environment}
spec:
  interval: 10m
  chart:
    spec:
      chart: podinfo
      version: ${version}${marker}
      sourceRef: { kind: HelmRepository, name: podinfo }
  values:
    replicaCount: ${environment === 'prod' ? 3 : 1}   # comments and spaces stay as they are
`;
}

/** What the repository holds at first: one version everywhere. */
export function fleetFiles(version: string): Record<string, string> {
  return {
    'README.md': '# fleet\n\nWhat runs where. Flux applies it, Lockkeeper proposes promotions.\n',
    ...Object.fromEntries(environments.map((each) => [releasePath(each), releaseManifest(each, version)])),
  };
}
