import type { AccessClass } from './report.ts';
import { masters, nodes, type Subject } from './subjects.ts';

/** What is true of every cluster, whatever its rules say. */
const always: readonly string[] = [
  `Group ${masters}, to which the API server refuses nothing`,
  `Nodes on which a Pod uses it (Group ${nodes}), by the Node authorizer`,
  'Whoever can read the disks or backups of etcd, or has the keys that encrypt it',
];

/** Service accounts of kube-system that Kubernetes binds to `system:controller:<name>` at start (bootstrappolicy of 1.36). */
const controllers: ReadonlySet<string> = new Set([
  'attachdetach-controller',
  'certificate-controller',
  'clusterrole-aggregation-controller',
  'cronjob-controller',
  'daemon-set-controller',
  'deployment-controller',
  'device-taint-eviction-controller',
  'disruption-controller',
  'endpoint-controller',
  'endpointslice-controller',
  'endpointslicemirroring-controller',
  'ephemeral-volume-controller',
  'expand-controller',
  'generic-garbage-collector',
  'horizontal-pod-autoscaler',
  'job-controller',
  'legacy-service-account-token-cleaner',
  'namespace-controller',
  'node-controller',
  'persistent-volume-binder',
  'pod-garbage-collector',
  'pv-protection-controller',
  'pvc-protection-controller',
  'replicaset-controller',
  'replication-controller',
  'resource-claim-controller',
  'resourcequota-controller',
  'root-ca-cert-publisher',
  'route-controller',
  'selinux-warning-controller',
  'service-account-controller',
  'service-cidrs-controller',
  'service-controller',
  'statefulset-controller',
  'storage-version-migrator-controller',
  'taint-eviction-controller',
  'ttl-after-finished-controller',
  'ttl-controller',
  'validatingadmissionpolicy-status-controller',
  'volumeattributesclass-protection-controller',
]);

const joining = 'Group system:bootstrappers:kubeadm:default-node-token';

/** Other bindings that Kubernetes makes at start, with the role that each is to and the subjects that it gives it. */
const bindings: Readonly<Record<string, { readonly role: string; readonly subjects: readonly string[] }>> = {
  'ClusterRoleBinding cluster-admin': { role: 'ClusterRole cluster-admin', subjects: [`Group ${masters}`] },
  'ClusterRoleBinding system:kube-controller-manager': {
    role: 'ClusterRole system:kube-controller-manager',
    subjects: ['User system:kube-controller-manager'],
  },
  'ClusterRoleBinding system:kube-scheduler': {
    role: 'ClusterRole system:kube-scheduler',
    subjects: ['User system:kube-scheduler'],
  },
  'ClusterRoleBinding system:volume-scheduler': {
    role: 'ClusterRole system:volume-scheduler',
    subjects: ['User system:kube-scheduler'],
  },
  'ClusterRoleBinding system:node-proxier': {
    role: 'ClusterRole system:node-proxier',
    subjects: ['User system:kube-proxy'],
  },
  'ClusterRoleBinding system:kube-dns': {
    role: 'ClusterRole system:kube-dns',
    subjects: ['ServiceAccount kube-system/kube-dns'],
  },
  'RoleBinding kube-system/system::leader-locking-kube-controller-manager': {
    role: 'Role kube-system/system::leader-locking-kube-controller-manager',
    subjects: [
      'User system:kube-controller-manager',
      'ServiceAccount kube-system/kube-controller-manager',
      'ServiceAccount kube-system/leader-election-controller',
    ],
  },
  'RoleBinding kube-system/system::leader-locking-kube-scheduler': {
    role: 'Role kube-system/system::leader-locking-kube-scheduler',
    subjects: ['User system:kube-scheduler', 'ServiceAccount kube-system/kube-scheduler'],
  },
  // Of kubeadm: the login of whoever made the cluster, and the nodes that join.
  'ClusterRoleBinding kubeadm:cluster-admins': {
    role: 'ClusterRole cluster-admin',
    subjects: ['Group kubeadm:cluster-admins'],
  },
  'ClusterRoleBinding kubeadm:kubelet-bootstrap': {
    role: 'ClusterRole system:node-bootstrapper',
    subjects: [joining],
  },
  'ClusterRoleBinding kubeadm:node-autoapprove-bootstrap': {
    role: 'ClusterRole system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    subjects: [joining],
  },
  ...Object.fromEntries(
    ['kube-system', 'kube-public'].flatMap((namespace) =>
      ['bootstrap-signer', 'cloud-provider', 'token-cleaner'].map((name) => [
        `RoleBinding ${namespace}/system:controller:${name}`,
        {
          role: `Role ${namespace}/system:controller:${name}`,
          subjects: [`ServiceAccount kube-system/${name}`],
        },
      ]),
    ),
  ),
};

const controllerBinding = /^ClusterRoleBinding system:controller:(.+)$/;

/**
 * Whether Kubernetes itself gives this subject this role by this binding, as an API server makes it whenever it starts or kubeadm once. Another
 * subject of the binding, another role of that name, or another binding of the same subject is none of its doing.
 */
export function isOfKubernetes(
  { id, roleId }: { readonly id: string; readonly roleId: string },
  subjectId: string,
): boolean {
  const controller = controllerBinding.exec(id)?.[1];
  if (controller !== undefined) {
    return (
      controllers.has(controller) &&
      roleId === `ClusterRole system:controller:${controller}` &&
      subjectId === `ServiceAccount kube-system/${controller}`
    );
  }
  const known = Object.hasOwn(bindings, id) ? bindings[id] : undefined;
  return known !== undefined && known.role === roleId && known.subjects.includes(subjectId);
}

const may: Readonly<Record<AccessClass, string>> = {
  Read: 'can read it',
  Overwrite: 'can overwrite it',
  Indirect: 'can reach it indirectly',
};
const maxLineLength = 240;

const fluxTrusted =
  'Trusted by the operator: Flux is locked down, so what others write is applied with the rights of their namespace';

/**
 * Who can always reach a Secret, in lines of at most 240 characters: what is true of every cluster, then whom the operator trusts, each
 * in a line of their own, and with what, then the parts of Kubernetes by what they can do, each named once for the most.
 */
export function baselineLines(
  reached: readonly { readonly class: AccessClass; readonly subject: Subject }[],
  { trusted, isFluxTrusted }: { readonly trusted: readonly string[]; readonly isFluxTrusted: boolean },
): readonly string[] {
  const named = new Set<string>();
  const classes: readonly AccessClass[] = ['Read', 'Overwrite', 'Indirect'];
  const lines = classes.flatMap((each) => {
    const ids = reached.filter((one) => one.class === each && !named.has(one.subject.id));
    for (const { subject } of ids) named.add(subject.id);
    const parts = ids.filter(({ subject }) => subject.kind !== 'Group');
    const groups = ids.filter(({ subject }) => subject.kind === 'Group');
    return [
      ...linesOf(
        `Parts of Kubernetes that ${may[each]}: `,
        parts.map(({ subject }) => subject.id).toSorted(),
      ),
      ...linesOf(
        `Groups that kubeadm binds and that ${may[each]}: `,
        groups.map(({ subject }) => subject.name).toSorted(),
      ),
    ];
  });
  return [
    ...always,
    ...trusted.map((each) => `Trusted by the operator: ${each}`),
    ...(isFluxTrusted ? [fluxTrusted] : []),
    ...lines,
  ];
}

function linesOf(head: string, ids: readonly string[]): string[] {
  const lines: string[] = [];
  for (const id of ids) {
    const name = id.replace('ServiceAccount kube-system/', '');
    const last = lines.at(-1);
    if (last !== undefined && last.length + name.length + 2 <= maxLineLength)
      lines.splice(-1, 1, `${last}, ${name}`);
    else lines.push(`${head}${name}`);
  }
  return lines;
}
