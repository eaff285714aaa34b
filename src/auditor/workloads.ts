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
  ...['prometheuses', 'prometheusagents', 'alertmanagers', 'thanosrulers'].map((resource) => ({
    group: 'monitoring.coreos.com',
    resource,
  })),
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

/**
 * Kinds by which an operator carries a Secret of their namespace to an address that the writer names, as the login there; or another
 * value into it.
 */
export const carriers: readonly Kind[] = [
  ...['gitrepositories', 'helmrepositories', 'ocirepositories', 'buckets'].map((resource) => ({
    group: 'source.toolkit.fluxcd.io',
    resource,
  })),
  { group: 'image.toolkit.fluxcd.io', resource: 'imagerepositories' },
  { group: 'notification.toolkit.fluxcd.io', resource: 'providers' },
  { group: 'fluxcd.controlplane.io', resource: 'resourcesetinputproviders' },
  // A store such as Vault is a server, and a login for it.
  ...['pushsecrets', 'secretstores', 'externalsecrets'].map((resource) => ({
    group: 'external-secrets.io',
    resource,
  })),
  { group: 'bitnami.com', resource: 'sealedsecrets' },
  { group: 'cert-manager.io', resource: 'issuers' },
  // Targets to scrape and receivers of alerts, each with a login.
  ...['servicemonitors', 'podmonitors', 'probes', 'scrapeconfigs', 'alertmanagerconfigs'].map((resource) => ({
    group: 'monitoring.coreos.com',
    resource,
  })),
  // One names the address and the other the login.
  ...['scaledobjects', 'triggerauthentications'].map((resource) => ({ group: 'keda.sh', resource })),
];

/** The same of the cluster, for Secrets of any namespace. */
export const clusterCarriers: readonly Kind[] = [
  'clustersecretstores',
  'clusterpushsecrets',
  'clusterexternalsecrets',
].map((resource) => ({ group: 'external-secrets.io', resource }));
