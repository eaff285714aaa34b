import { expect, test } from '@jest/globals';
import { binding, can, clusterBinding, clusterRole, grant, type Written } from './fixtures/objects.ts';
import { reportOn } from './indexed.ts';

const ttl = 'ServiceAccount kube-system/ttl-controller';
const bySystem = 'system:controller:ttl-controller';

test('a cluster without anybody is exclusive, and says who can reach the Secret all the same', () => {
  const { verdict, others, baseline } = reportOn([]);
  expect({ verdict, others, baseline }).toEqual({
    verdict: 'Exclusive',
    others: [],
    baseline: [
      'Group system:masters, to which the API server refuses nothing',
      'Nodes on which a Pod uses it (Group system:nodes), by the Node authorizer',
      'Whoever can read the disks or backups of etcd, or has the keys that encrypt it',
      'Parts of Kubernetes that can read it: clusterrole-aggregation-controller, cronjob-controller, daemon-set-controller, deployment-controller, generic-garbage-collector, job-controller, namespace-controller, persistent-volume-binder',
      'Parts of Kubernetes that can read it: replicaset-controller, replication-controller, resourcequota-controller, statefulset-controller, User system:kube-controller-manager',
      'Parts of Kubernetes that can overwrite it: legacy-service-account-token-cleaner',
      'Parts of Kubernetes that can reach it indirectly: root-ca-cert-publisher',
    ],
  });
});

test('groups that kubeadm binds are told too', () => {
  const nodes = 'Group system:bootstrappers:kubeadm:default-node-token';
  const { verdict, baseline } = reportOn([
    clusterBinding('kubeadm:cluster-admins', 'ClusterRole cluster-admin', 'Group kubeadm:cluster-admins'),
    clusterBinding('kubeadm:kubelet-bootstrap', 'ClusterRole system:node-bootstrapper', nodes),
    clusterBinding(
      'kubeadm:node-autoapprove-bootstrap',
      'ClusterRole system:certificates.k8s.io:certificatesigningrequests:nodeclient',
      nodes,
    ),
  ]);
  expect([verdict, baseline.filter((line) => line.includes('kubeadm'))]).toEqual([
    'Exclusive',
    [
      'Groups that kubeadm binds and that can read it: kubeadm:cluster-admins',
      'Groups that kubeadm binds and that can reach it indirectly: system:bootstrappers:kubeadm:default-node-token',
    ],
  ]);
});

test('a part of Kubernetes is told in the baseline, and again where somebody else gave it the same', () => {
  const gc = 'ServiceAccount kube-system/generic-garbage-collector';
  const { others, baseline } = reportOn(grant('apps/x', gc, can('get', 'secrets')));
  expect(others.map(({ subject, verbs }) => [subject, verbs])).toEqual([
    [gc, ['get', 'list', 'watch', 'update', 'patch', 'delete']],
  ]);
  expect(baseline).toEqual(reportOn([]).baseline);
});

test.each([
  [
    'somebody who was put into a binding of Kubernetes',
    [clusterBinding('cluster-admin', 'ClusterRole cluster-admin', 'Group system:masters', 'User jane')],
    ['User jane'],
  ],
  [
    'another role by a name that Kubernetes uses',
    [clusterBinding(bySystem, 'ClusterRole cluster-admin', ttl)],
    [ttl],
  ],
  [
    'another service account by a name that Kubernetes uses',
    [
      clusterRole(bySystem, can('get', 'secrets')),
      clusterBinding(bySystem, `ClusterRole ${bySystem}`, 'ServiceAccount kube-system/ttl'),
    ],
    ['ServiceAccount kube-system/ttl'],
  ],
  [
    'a binding of a namespace by a name that Kubernetes uses for the cluster',
    [
      clusterRole(bySystem, can('get', 'secrets')),
      binding(`apps/${bySystem}`, `ClusterRole ${bySystem}`, ttl),
    ],
    [ttl],
  ],
] as const)('%s counts', (_, objects, who) => {
  expect(reportOn(objects).others.map(({ subject }) => subject)).toEqual(who);
});

test('whom the operator trusts is told in a line of their own, as far as they can reach it, and nothing is left out of the report', () => {
  const helm = 'ServiceAccount flux-system/helm-controller';
  const objects = [
    clusterBinding('fixture-x', 'ClusterRole cluster-admin', helm),
    ...grant('apps/x', 'Group devs', can('get', 'secrets')),
  ];
  const trusted = [helm, 'ServiceAccount flux-system/notification-controller'];
  const report = reportOn(objects, { trusted });
  expect(report.others.map(({ subject }) => subject)).toEqual(['Group devs']);
  expect(report.trusted).toEqual(reportOn(objects).others.filter(({ subject }) => subject === helm));
  const lines = reportOn([]).baseline;
  expect(report.baseline).toEqual([
    ...lines.slice(0, 3),
    `Trusted by the operator: ${helm}`,
    ...lines.slice(3),
  ]);
});

test('that Flux is locked down is told where one of its controllers can reach it, and nowhere else', () => {
  const helm = clusterBinding(
    'fixture-x',
    'ClusterRole cluster-admin',
    'ServiceAccount flux/helm-controller',
  );
  const lines = (objects: readonly Written[], fluxLockedDown: boolean) =>
    reportOn(objects, { fluxLockedDown }).baseline;
  expect(lines([helm], true)).toEqual(
    lines([helm], false).toSpliced(
      3,
      0,
      'Trusted by the operator: Flux is locked down, so what others write is applied with the rights of their namespace',
    ),
  );
  expect(lines([], true)).toEqual(lines([], false));
});

test('of a part of Kubernetes that the operator trusts too, what Kubernetes gave it stays told as that', () => {
  const gc = 'ServiceAccount kube-system/generic-garbage-collector';
  expect(reportOn([], { trusted: [gc] })).toEqual(reportOn([]));
});
