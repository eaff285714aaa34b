import { beforeAll, describe, expect, test } from '@jest/globals';
import { renderChart, systemNamespace } from '../sandbox/chart.ts';
import { locateTools } from '../sandbox/cluster/tools.ts';
import { valueProfiles } from './value-profiles.ts';
import { violationsOf } from './violations.ts';

let helm: string;
let shipped: readonly Record<string, unknown>[];
beforeAll(async () => {
  ({ helm } = await locateTools({ say: () => undefined }));
  ({ objects: shipped } = await renderChart(helm, {}));
}, 120_000); // unpacks helm once on a machine

test.each(valueProfiles().map((values) => [JSON.stringify(values), values] as const))(
  'the chart gives no right that opens a Secret, with %s',
  async (_, values) => {
    const { objects } = await renderChart(helm, values);
    expect(objects.filter(({ kind }) => kind === 'ClusterRole')).not.toEqual([]);
    expect(violationsOf(objects, systemNamespace)).toEqual([]);
  },
);

/** `verb resource.group`, as a rule. */
function ruleOf(right: string, resourceNames: readonly string[]): Record<string, unknown> {
  const [verb = '', thing = ''] = right.split(' ');
  const [resource = '', ...group] = thing.split('.');
  return {
    apiGroups: [group.join('.')],
    resources: [resource],
    verbs: [verb],
    ...(resourceNames.length === 0 ? {} : { resourceNames }),
  };
}

/** The shipped objects, with a rule more in each role of the kind. */
function withRule(kind: string, right: string, resourceNames: readonly string[]): unknown[] {
  return shipped.map((object) => {
    if (object['kind'] !== kind) return object;
    const rules = Array.isArray(object['rules']) ? (object['rules'] as unknown[]) : []; // Array.isArray says any
    return { ...object, rules: [...rules, ruleOf(right, resourceNames)] };
  });
}

const everywhere = [
  '* pipelines.lockkeeper.dev',
  'list *',
  'get pods.*',
  'get */status.lockkeeper.dev',
  'list secrets',
  'watch secrets',
  'update secrets',
  'create secrets',
  'delete secrets',
  'impersonate users',
  'impersonate groups',
  'impersonate serviceaccounts',
  'impersonate:user-info users.authentication.k8s.io',
  'bind roles.rbac.authorization.k8s.io',
  'escalate clusterroles.rbac.authorization.k8s.io',
  'create rolebindings.rbac.authorization.k8s.io',
  'patch clusterrolebindings.rbac.authorization.k8s.io',
  'create serviceaccounts/token',
  'create serviceaccounts',
  'create pods',
  'get pods',
  'create pods/exec',
  'get pods/log',
  'create pods/attach',
  'patch pods/ephemeralcontainers',
  'create deployments.apps',
  'patch daemonsets.apps',
  'update statefulsets.apps',
  'create replicasets.apps',
  'create jobs.batch',
  'create cronjobs.batch',
  'create replicationcontrollers',
  'update deployments/scale.apps',
  'create mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'update validatingwebhookconfigurations.admissionregistration.k8s.io',
  'delete validatingadmissionpolicies.admissionregistration.k8s.io',
  'patch mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'update customresourcedefinitions.apiextensions.k8s.io',
  'create apiservices.apiregistration.k8s.io',
  'create certificatesigningrequests.certificates.k8s.io',
  'update certificatesigningrequests/approval.certificates.k8s.io',
  'approve signers.certificates.k8s.io',
  'get nodes/proxy',
  'create persistentvolumes',
  'patch namespaces',
  'update configmaps',
  'create pipelines.lockkeeper.dev',
  'patch credentials.lockkeeper.dev',
];

describe('a rule that somebody adds is found:', () => {
  test.each(everywhere)('%s', (right) => {
    for (const kind of ['ClusterRole', 'Role']) {
      const found = violationsOf(withRule(kind, right, []), systemNamespace);
      const roles = shipped.filter((object) => object['kind'] === kind).length;
      expect(new Set(found.map((each) => each.split(' ').slice(0, 2).join(' '))).size).toBe(roles);
      expect(found[0]).toContain(` gives ${right}: `);
    }
  });

  test('get secrets, by name or not, for the whole cluster', () => {
    for (const names of [[], ['acme-promoter']]) {
      expect(violationsOf(withRule('ClusterRole', 'get secrets', names), systemNamespace)).toContain(
        'ClusterRole lockkeeper-controller gives get secrets: Secrets in a ClusterRole',
      );
    }
  });

  test('get secrets without a name, in one namespace', () => {
    expect(violationsOf(withRule('Role', 'get secrets', []), systemNamespace)).toEqual([
      'Role lockkeeper-controller gives get secrets: Secrets without a name',
    ]);
    expect(violationsOf(withRule('Role', 'get secrets', ['one']), systemNamespace)).toEqual([]);
  });

  test.each(['list', 'watch', 'update'])('%s of one Secret by its name, in one namespace', (verb) => {
    expect(violationsOf(withRule('Role', `${verb} secrets`, ['one']), systemNamespace)).toEqual([
      `Role lockkeeper-controller gives ${verb} secrets: more of Secrets than to get one`,
    ]);
  });

  test('a URL that is no resource', () => {
    const objects = shipped.map((object) =>
      object['kind'] === 'ClusterRole'
        ? { ...object, rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }] }
        : object,
    );
    expect(violationsOf(objects, systemNamespace)).toContain(
      'ClusterRole lockkeeper-controller gives the URL /metrics',
    );
  });
});

describe('a role or binding that somebody adds is found:', () => {
  const metadata = { name: 'lockkeeper-more' };
  const account = { kind: 'ServiceAccount', name: 'lockkeeper-controller', namespace: systemNamespace };
  const own = { kind: 'ClusterRole', name: 'lockkeeper-controller' };
  test.each<[string, Record<string, unknown>, string]>([
    [
      "another's role for us",
      {
        kind: 'ClusterRoleBinding',
        metadata,
        roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [account],
      },
      'ClusterRoleBinding lockkeeper-more gives ClusterRole cluster-admin, which is not ours',
    ],
    [
      'our role for everybody',
      {
        kind: 'ClusterRoleBinding',
        metadata,
        roleRef: own,
        subjects: [{ kind: 'Group', name: 'system:authenticated' }],
      },
      'ClusterRoleBinding lockkeeper-more gives it to Group system:authenticated, which is not ours',
    ],
    [
      'our role for the account of others',
      { kind: 'RoleBinding', metadata, roleRef: own, subjects: [{ ...account, namespace: 'apps' }] },
      'RoleBinding lockkeeper-more gives it to ServiceAccount lockkeeper-controller, which is not ours',
    ],
    [
      'a role that gathers rules',
      { kind: 'ClusterRole', metadata, aggregationRule: { clusterRoleSelectors: [] }, rules: [] },
      'ClusterRole lockkeeper-more takes the rules of others',
    ],
    [
      'a role that is gathered',
      {
        kind: 'ClusterRole',
        metadata: { ...metadata, labels: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' } },
        rules: [],
      },
      'ClusterRole lockkeeper-more joins another role by label rbac.authorization.k8s.io/aggregate-to-edit',
    ],
  ])('%s', (_, object, sentence) => {
    expect(violationsOf([...shipped, object], systemNamespace)).toEqual([sentence]);
  });
});
