import type { Made } from '../runtime/fleet-objects.ts';

/** How much of what there is. */
export interface RbacSize {
  /** Roles and ClusterRoles together; half as many as bindings. */
  readonly bindings: number;
  readonly credentials: number;
}

export interface RbacFleet {
  readonly namespaces: readonly Made[];
  readonly accounts: readonly Made[];
  readonly roles: readonly Made[];
  readonly bindings: readonly Made[];
  readonly credentials: readonly Made[];
}

const rbac = 'rbac.authorization.k8s.io';
const apis = `/apis/${rbac}/v1`;
const apiVersion = `${rbac}/v1`;
const bindingsPerNamespace = 19;
const accountsPerNamespace = 8;
/** Operators of the cluster that may read all Secrets, as certificate and secret operators do. */
const secretReaders = 12;

/**
 * A cluster as platform teams have it: in each namespace people of its team by group, a deployer, and apps and operators with roles of
 * their own, some of which read one Secret; across the cluster operators, a few of which read all of them. The same one each time.
 */
export function rbacFleet({ bindings, credentials }: RbacSize): RbacFleet {
  const ofCluster = Math.round(bindings * 0.04);
  const namespaceCount = Math.max(2, Math.round((bindings - ofCluster) / bindingsPerNamespace));
  const names = Array.from({ length: namespaceCount }, (_, at) => `team-${String(at).padStart(4, '0')}`);
  const roleCount = Math.round(bindings / 2);
  const perNamespace = Math.floor((roleCount - ofCluster - teamRoles.length) / namespaceCount);
  return {
    namespaces: names.map((name) => ({
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    })),
    accounts: names.flatMap((namespace) =>
      Array.from({ length: accountsPerNamespace }, (_, at) => ({
        path: `/api/v1/namespaces/${namespace}/serviceaccounts`,
        body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: accountName(at) } },
      })),
    ),
    roles: [
      ...teamRoles,
      ...Array.from({ length: ofCluster }, (_, at) => clusterRole(at)),
      ...names.flatMap((namespace) => Array.from({ length: perNamespace }, (_, at) => role(namespace, at))),
    ],
    bindings: [
      ...Array.from({ length: ofCluster }, (_, at) => clusterBinding(at, names)),
      ...names.flatMap((namespace) => bindingsIn(namespace, perNamespace)),
    ],
    credentials: Array.from({ length: credentials }, (_, at) =>
      credential(names[at % names.length] ?? '', at),
    ),
  };
}

/** Lets a user read the Secret of a Credential, for as long as the binding is there. */
export function readerBinding(namespace: string, name: string): Made {
  return {
    path: `${apis}/namespaces/${namespace}/rolebindings`,
    body: {
      apiVersion,
      kind: 'RoleBinding',
      metadata: { namespace, name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'team-admin' },
      subjects: [{ apiGroup: rbac, kind: 'User', name }],
    },
  };
}

const everything = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const looks = ['get', 'list', 'watch'];
const workloads = ['deployments', 'daemonsets', 'statefulsets', 'replicasets'];

/** Kubernetes' own view, edit and admin as its controller manager puts them together, which does not run here. */
const teamRoles: readonly Made[] = [
  made('team-view', [
    { apiGroups: [''], resources: ['configmaps', 'pods', 'services', 'serviceaccounts'], verbs: looks },
    { apiGroups: ['apps'], resources: workloads, verbs: looks },
  ]),
  made('team-edit', editRules()),
  made('team-admin', [
    ...editRules(),
    { apiGroups: [rbac], resources: ['roles', 'rolebindings'], verbs: everything },
  ]),
];

function editRules(): object[] {
  return [
    {
      apiGroups: [''],
      resources: ['pods/attach', 'pods/exec', 'pods/portforward'],
      verbs: ['get', 'create'],
    },
    { apiGroups: [''], resources: ['configmaps', 'secrets', 'services', 'pods'], verbs: everything },
    { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] },
    { apiGroups: ['apps'], resources: workloads, verbs: everything },
    { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: everything },
  ];
}

function made(name: string, rules: readonly object[]): Made {
  return {
    path: `${apis}/clusterroles`,
    body: { apiVersion, kind: 'ClusterRole', metadata: { name }, rules },
  };
}

function accountName(at: number): string {
  return at === 0 ? 'default' : at === 1 ? 'deployer' : `app-${at}`;
}

function clusterRole(at: number): Made {
  const rules =
    at < secretReaders
      ? [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] }]
      : [
          {
            apiGroups: [''],
            resources: ['configmaps', 'services', 'endpoints'],
            verbs: ['get', 'list', 'watch'],
          },
          { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] },
          { apiGroups: [`operator-${at}.example.com`], resources: ['*'], verbs: ['*'] },
        ];
  return made(`operator-${at}`, rules);
}

function role(namespace: string, at: number): Made {
  const readsSecret = at % 3 === 0;
  return {
    path: `${apis}/namespaces/${namespace}/roles`,
    body: {
      apiVersion,
      kind: 'Role',
      metadata: { namespace, name: `app-${at}` },
      rules: [
        { apiGroups: [''], resources: ['configmaps', 'events'], verbs: ['get', 'list', 'watch', 'create'] },
        { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
        ...(readsSecret
          ? [{ apiGroups: [''], resources: ['secrets'], resourceNames: [`app-${at}`], verbs: ['get'] }]
          : []),
      ],
    },
  };
}

function clusterBinding(at: number, namespaces: readonly string[]): Made {
  // Operators live in a few namespaces.
  const namespace = namespaces[at % Math.min(20, namespaces.length)] ?? '';
  return {
    path: `${apis}/clusterrolebindings`,
    body: {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name: `operator-${at}` },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: `operator-${at}` },
      subjects: [{ kind: 'ServiceAccount', namespace, name: accountName(2 + (at % 6)) }],
    },
  };
}

function bindingsIn(namespace: string, roles: number): Made[] {
  const bind = (name: string, kind: string, to: string, subject: object): Made => ({
    path: `${apis}/namespaces/${namespace}/rolebindings`,
    body: {
      apiVersion,
      kind: 'RoleBinding',
      metadata: { namespace, name },
      roleRef: { apiGroup: rbac, kind, name: to },
      subjects: [subject],
    },
  });
  const group = (name: string): object => ({ apiGroup: rbac, kind: 'Group', name });
  const account = (at: number): object => ({ kind: 'ServiceAccount', namespace, name: accountName(at) });
  const people = [
    bind('team', 'ClusterRole', 'team-edit', group(`${namespace}:members`)),
    bind('leads', 'ClusterRole', 'team-admin', group(`${namespace}:leads`)),
    bind('readers', 'ClusterRole', 'team-view', group('everybody-in-the-company')),
    bind('deployer', 'ClusterRole', 'team-edit', account(1)),
  ];
  const apps = Array.from({ length: bindingsPerNamespace - people.length }, (_, at) =>
    bind(
      `app-${at}`,
      'Role',
      `app-${at % Math.max(1, roles)}`,
      account(2 + (at % (accountsPerNamespace - 2))),
    ),
  );
  return [...people, ...apps];
}

function credential(namespace: string, at: number): Made {
  return {
    path: `/apis/lockkeeper.dev/v1alpha1/namespaces/${namespace}/credentials`,
    body: {
      apiVersion: 'lockkeeper.dev/v1alpha1',
      kind: 'Credential',
      metadata: { namespace, name: `promoter-${at}` },
      spec: {
        host: 'github.com',
        repositories: ['acme/fleet'],
        githubApp: { secretRef: { name: `promoter-${at}` } },
      },
    },
  };
}
