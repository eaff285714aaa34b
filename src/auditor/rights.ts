import { isAbout, namesOf, type Names } from './match.ts';
import type { Rule } from './rbac.ts';
import { applied, carriers, clusterCarriers, workloads, type Applier } from './workloads.ts';

export const secretVerbs = [
  'get',
  'list',
  'watch',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'create',
] as const;
export type SecretVerb = (typeof secretVerbs)[number];

/** The ways around of which a report speaks by number; docs/access-audit.md explains each. */
export type Detour =
  | 'I-1'
  | 'I-2'
  | 'I-3'
  | 'I-4'
  | 'I-5'
  | 'I-6'
  | 'I-7'
  | 'I-8'
  | 'I-9'
  | 'I-10'
  | 'I-11'
  | 'I-12'
  | 'I-13'
  | 'I-14';

/** What a rule can be worth to somebody who wants a Secret. All other rights are nothing to an audit. */
export type Right =
  | `${SecretVerb}Secret`
  | 'runWorkload'
  | `applyAs:${Applier}`
  | 'requestToken'
  | 'impersonateAccount'
  | 'impersonateUser'
  | 'impersonateGroup'
  | 'impersonateAccountIn'
  | 'impersonateUserIn'
  | 'impersonateGroupIn'
  | 'impersonateNodeIn'
  | 'actOn'
  | 'enterPod'
  | 'proxyNode'
  | 'escalateRole'
  | 'escalateClusterRole'
  | 'bindRole'
  | 'bindClusterRole'
  | 'writeRole'
  | 'writeClusterRole'
  | 'writeRoleBinding'
  | 'writeClusterRoleBinding'
  | 'requestCertificate'
  | 'approveCertificate'
  | 'approveSigner'
  | 'enrolNode'
  | 'intercept'
  | 'makeVolume'
  | 'labelNamespace'
  | 'writePipeline'
  | 'carrySecret'
  | 'carryAnySecret'
  | 'writeConfig';

/** A right that a role gives. */
export interface Grant {
  readonly right: Right;
  /** Of the objects for which it holds; undefined means all. */
  readonly names: Names;
  /** Such as `create pods`. */
  readonly words: string;
}

/** What gives a right, as rules spell it. */
export interface Row {
  readonly right: Right;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  /** Verbs that name the object. */
  readonly verbs?: readonly string[];
  /** Verbs that do not. */
  readonly nameless?: readonly string[];
  /** Verbs that may or may not. */
  readonly either?: readonly string[];
}

const make = { verbs: ['update', 'patch'], nameless: ['create'] };
const core = { group: '' };
const rbac = { group: 'rbac.authorization.k8s.io' };
const identities = { group: 'authentication.k8s.io' };
const admission = { group: 'admissionregistration.k8s.io', ...make };
const certificates = { group: 'certificates.k8s.io' };

/** All that gives a right; `actOn` alone goes by the start of a verb. */
export const rows: readonly Row[] = [
  ...secretVerbs.map((verb): Row => {
    const right = `${verb}Secret` as const;
    if (verb === 'create' || verb === 'deletecollection')
      return { right, ...core, resource: 'secrets', nameless: [verb] };
    if (verb === 'list' || verb === 'watch') return { right, ...core, resource: 'secrets', either: [verb] };
    return { right, ...core, resource: 'secrets', verbs: [verb] };
  }),
  ...workloads.map((kind): Row => ({ right: 'runWorkload', ...kind, ...make })),
  ...applied.map(({ account, ...kind }): Row => ({ right: `applyAs:${account}`, ...kind, ...make })),
  { right: 'requestToken', ...core, resource: 'serviceaccounts', subresource: 'token', verbs: ['create'] },
  { right: 'impersonateAccount', ...core, resource: 'serviceaccounts', verbs: ['impersonate'] },
  { right: 'impersonateUser', ...core, resource: 'users', verbs: ['impersonate'] },
  { right: 'impersonateGroup', ...core, resource: 'groups', verbs: ['impersonate'] },
  // KEP-5284: the identity is one right, and what may be done in it another.
  {
    right: 'impersonateAccountIn',
    ...identities,
    resource: 'serviceaccounts',
    verbs: ['impersonate:serviceaccount'],
  },
  { right: 'impersonateUserIn', ...identities, resource: 'users', verbs: ['impersonate:user-info'] },
  { right: 'impersonateGroupIn', ...identities, resource: 'groups', verbs: ['impersonate:user-info'] },
  {
    right: 'impersonateNodeIn',
    ...identities,
    resource: 'nodes',
    // The other is of the node alone that the Pod of a service account runs on.
    verbs: ['impersonate:arbitrary-node', 'impersonate:associated-node'],
  },
  // Opened by a websocket too, which is a get; servers since 1.35 ask for create then as well.
  ...['exec', 'attach', 'portforward', 'proxy'].map((subresource): Row => ({
    right: 'enterPod',
    ...core,
    resource: 'pods',
    subresource,
    verbs: ['create', 'get'],
  })),
  {
    right: 'enterPod',
    ...core,
    resource: 'pods',
    subresource: 'ephemeralcontainers',
    verbs: ['update', 'patch'],
  },
  {
    right: 'proxyNode',
    ...core,
    resource: 'nodes',
    subresource: 'proxy',
    verbs: ['get', 'create', 'update', 'patch', 'delete'],
  },
  { right: 'escalateRole', ...rbac, resource: 'roles', verbs: ['escalate'] },
  { right: 'escalateClusterRole', ...rbac, resource: 'clusterroles', verbs: ['escalate'] },
  { right: 'bindRole', ...rbac, resource: 'roles', verbs: ['bind'] },
  { right: 'bindClusterRole', ...rbac, resource: 'clusterroles', verbs: ['bind'] },
  { right: 'writeRole', ...rbac, resource: 'roles', ...make },
  { right: 'writeClusterRole', ...rbac, resource: 'clusterroles', ...make },
  { right: 'writeRoleBinding', ...rbac, resource: 'rolebindings', ...make },
  { right: 'writeClusterRoleBinding', ...rbac, resource: 'clusterrolebindings', ...make },
  {
    right: 'requestCertificate',
    ...certificates,
    resource: 'certificatesigningrequests',
    nameless: ['create'],
  },
  {
    right: 'approveCertificate',
    ...certificates,
    resource: 'certificatesigningrequests',
    subresource: 'approval',
    verbs: ['update', 'patch'],
  },
  { right: 'approveSigner', ...certificates, resource: 'signers', verbs: ['approve'] },
  // A request of whoever has this for any node is approved by Kubernetes itself, as kubelets need it that join.
  {
    right: 'enrolNode',
    ...certificates,
    resource: 'certificatesigningrequests',
    subresource: 'nodeclient',
    nameless: ['create'],
  },
  ...[
    'mutatingwebhookconfigurations',
    'validatingwebhookconfigurations',
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
  ].map((resource): Row => ({ right: 'intercept', ...admission, resource })),
  { right: 'intercept', group: 'apiregistration.k8s.io', resource: 'apiservices', ...make },
  {
    right: 'intercept',
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    verbs: ['update', 'patch'], // a new definition converts no object of another
  },
  { right: 'makeVolume', ...core, resource: 'persistentvolumes', nameless: ['create'] },
  { right: 'labelNamespace', ...core, resource: 'namespaces', verbs: ['update', 'patch'] },
  { right: 'writePipeline', group: 'lockkeeper.dev', resource: 'pipelines', ...make },
  { right: 'writePipeline', group: 'lockkeeper.dev', resource: 'credentials', ...make },
  ...carriers.map((kind): Row => ({ right: 'carrySecret', ...kind, ...make })),
  ...clusterCarriers.map((kind): Row => ({ right: 'carryAnySecret', ...kind, ...make })),
  { right: 'writeConfig', ...core, resource: 'configmaps', ...make },
];

export type Grants = ReadonlyMap<Right, readonly Grant[]>;

/** What rules are worth, by right: once without names, or once for each list of names. */
export function grantsOf(rules: readonly Rule[]): Grants {
  const grants = new Map<Right, Grant[]>();
  for (const rule of rules) {
    for (const row of rows) add(grants, row.right, grantsBy(rule, row));
    if (rule.verbs.some((verb) => verb === '*' || verb.startsWith('impersonate-on:')))
      add(grants, 'actOn', [{ right: 'actOn', names: undefined, words: 'act as whom one impersonates' }]);
  }
  return grants;
}

function add(grants: Map<Right, Grant[]>, right: Right, more: readonly Grant[]): void {
  if (more.length === 0) return;
  const known = grants.get(right) ?? [];
  const whole = [...known, ...more].find(({ names }) => names === undefined);
  grants.set(right, whole === undefined ? [...known, ...more] : [whole]);
}

function grantsBy(rule: Rule, row: Row): Grant[] {
  const asked = (verb: string): boolean => isAbout(rule, { ...row, verb });
  const named = (row.verbs ?? []).filter(asked);
  const either = (row.either ?? []).filter(asked);
  const nameless = (row.nameless ?? []).filter(asked);
  if (rule.resourceNames.length === 0)
    return grant(row, { verbs: [...nameless, ...named, ...either], names: undefined });
  // Server-side apply makes what is not there, and names it: a rule with names that allows both verbs makes those objects.
  const isApplied = nameless.includes('create') && asked('patch');
  return [
    ...grant(row, { verbs: [...(isApplied ? nameless : []), ...named], names: namesOf(rule, 'name') }),
    ...grant(row, { verbs: either, names: namesOf(rule, 'either') }),
    ...grant(row, { verbs: nameless, names: namesOf(rule, 'no name') }),
  ];
}

function grant(
  { right, resource, subresource }: Row,
  { verbs, names }: { verbs: readonly string[]; names: Names },
): Grant[] {
  if (verbs.length === 0 || names?.length === 0) return [];
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const which = names === undefined || names.includes('') ? '' : ` named ${names.join(', ')}`;
  return [{ right, names, words: `${verbs.join(', ')} ${what}${which}` }];
}
