interface Kind {
  readonly group: string;
  readonly resource: string;
}

/**
 * Kinds from which Pods come, with a template or a manifest of the writer's own. Rules say nothing of what a custom kind makes, so
 * the well-known ones are listed; a rule for all resources of their group opens them too.
 */
export const workloads: readonly Kind[] = [
  { group: '', resource: 'pods' },
  { group: '', resource: 'replicationcontrollers' },
  ...['deployments', 'replicasets', 'statefulsets', 'daemonsets'].map((resource) => ({
    group: 'apps',
    resource,
  })),
  ...['jobs', 'cronjobs'].map((resource) => ({ group: 'batch', resource })),
  { group: 'helm.toolkit.fluxcd.io', resource: 'helmreleases' },
  { group: 'kustomize.toolkit.fluxcd.io', resource: 'kustomizations' },
  ...['resourcesets', 'fluxinstances'].map((resource) => ({ group: 'fluxcd.controlplane.io', resource })),
  ...['applications', 'applicationsets', 'rollouts', 'workflows', 'cronworkflows'].map((resource) => ({
    group: 'argoproj.io',
    resource,
  })),
  ...['pipelineruns', 'taskruns', 'tasks', 'pipelines'].map((resource) => ({
    group: 'tekton.dev',
    resource,
  })),
  ...['services', 'configurations'].map((resource) => ({ group: 'serving.knative.dev', resource })),
  ...['virtualmachines', 'virtualmachineinstances'].map((resource) => ({ group: 'kubevirt.io', resource })),
  ...['rayclusters', 'rayjobs', 'rayservices'].map((resource) => ({ group: 'ray.io', resource })),
  ...['sparkapplications', 'scheduledsparkapplications'].map((resource) => ({
    group: 'sparkoperator.k8s.io',
    resource,
  })),
  { group: 'jobset.x-k8s.io', resource: 'jobsets' },
  { group: 'keda.sh', resource: 'scaledjobs' },
];

/**
 * Kinds whose objects, in any namespace, a controller applies as itself and with all its rights, unless they name a service account of
 * their namespace or the controller has a default for that: of Flux (fluxcd.io, multi-tenancy lockdown) and of the Flux Operator. With the
 * service account of the controller, as their manifests name it.
 */
export const applied = [
  { group: 'kustomize.toolkit.fluxcd.io', resource: 'kustomizations', account: 'kustomize-controller' },
  { group: 'helm.toolkit.fluxcd.io', resource: 'helmreleases', account: 'helm-controller' },
  { group: 'fluxcd.controlplane.io', resource: 'resourcesets', account: 'flux-operator' },
] as const satisfies readonly (Kind & { readonly account: string })[];

/** The name of a service account as which a controller applies what others write. */
export type Applier = (typeof applied)[number]['account'];

/** Kinds that name a Secret of their namespace and an address, to which an operator then sends it. */
export const senders: readonly Kind[] = [
  ...['gitrepositories', 'helmrepositories', 'ocirepositories', 'buckets'].map((resource) => ({
    group: 'source.toolkit.fluxcd.io',
    resource,
  })),
  { group: 'image.toolkit.fluxcd.io', resource: 'imagerepositories' },
  { group: 'notification.toolkit.fluxcd.io', resource: 'providers' },
  { group: 'external-secrets.io', resource: 'pushsecrets' },
];
