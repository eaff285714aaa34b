import type { Right } from '../../kube/access-review.ts';

/** A right that would open a credential, or the way to one. */
export interface ForbiddenRight extends Right {
  /** As people read it, and as the metric has it: one of a fixed number. */
  readonly name: string;
  /** Of a right in one namespace that is asked about in all as well: its name there. */
  readonly everywhere?: string;
}

/** Verbs over kinds: `pods/exec`, `rolebindings.rbac.authorization.k8s.io`. */
interface Row {
  readonly verbs: readonly string[];
  readonly kinds: readonly string[];
}

const write = ['create', 'update', 'patch', 'delete'];
const make = ['create', 'update', 'patch'];

/** Asked about in the whole cluster and in the controller's own namespace. Ids: `docs/access-audit.md`. */
const ofNamespaces: readonly Row[] = [
  // Every Secret: those of Credentials are granted one by one, by name, and read by get.
  { verbs: ['get', 'list', 'watch', ...write], kinds: ['secrets'] },
  // Whoever runs a Pod, or puts another image into one, mounts what its namespace has, and runs as any service account of it (I-1).
  { verbs: make, kinds: ['pods', 'replicationcontrollers'] },
  {
    verbs: make,
    kinds: ['deployments', 'daemonsets', 'statefulsets', 'replicasets'].map((each) => `${each}.apps`),
  },
  { verbs: make, kinds: ['jobs.batch', 'cronjobs.batch'] },
  // The labels that keep Pods from the node that they run on (I-10).
  { verbs: ['update', 'patch'], kinds: ['namespaces'] },
  // A look into a Pod that holds one (I-5); a websocket is opened by a GET.
  { verbs: ['create', 'get'], kinds: ['pods/exec', 'pods/attach', 'pods/portforward'] },
  { verbs: ['update', 'patch'], kinds: ['pods/ephemeralcontainers'] },
  // To be somebody else (I-2, I-4).
  { verbs: ['create'], kinds: ['serviceaccounts/token'] },
  { verbs: ['impersonate'], kinds: ['serviceaccounts'] },
  // To give oneself what one has not (I-7).
  { verbs: ['bind', 'escalate'], kinds: ['roles.rbac.authorization.k8s.io'] },
  { verbs: make, kinds: ['rolebindings.rbac.authorization.k8s.io'] },
  // Where a token is sent is the say of who writes these (I-11).
  { verbs: write, kinds: ['pipelines.lockkeeper.dev', 'credentials.lockkeeper.dev'] },
];

/** Asked about in the controller's own namespace alone: there they say where a token is sent (I-12). */
const ofOwnNamespace: readonly Row[] = [{ verbs: make, kinds: ['configmaps'] }];

/** Of kinds that are in no namespace. */
const ofCluster: readonly Row[] = [
  { verbs: ['impersonate'], kinds: ['users', 'groups'] },
  { verbs: ['bind', 'escalate'], kinds: ['clusterroles.rbac.authorization.k8s.io'] },
  { verbs: make, kinds: ['clusterrolebindings.rbac.authorization.k8s.io'] },
  // The kubelet's own API: every Pod of a node, and even a get is enough (I-6).
  { verbs: ['get', 'create'], kinds: ['nodes/proxy'] },
  // A certificate for any user (I-8).
  { verbs: ['create'], kinds: ['certificatesigningrequests.certificates.k8s.io'] },
  { verbs: ['update', 'patch'], kinds: ['certificatesigningrequests/approval.certificates.k8s.io'] },
  { verbs: ['approve'], kinds: ['signers.certificates.k8s.io'] },
  // To see and change what others send, and to take away what forbids that (I-9).
  {
    verbs: write,
    kinds: [
      'mutatingwebhookconfigurations',
      'validatingwebhookconfigurations',
      'mutatingadmissionpolicies',
      'mutatingadmissionpolicybindings',
      'validatingadmissionpolicies',
      'validatingadmissionpolicybindings',
    ].map((each) => `${each}.admissionregistration.k8s.io`),
  },
  // The disk of a node (I-10).
  { verbs: ['create'], kinds: ['persistentvolumes'] },
  { verbs: make, kinds: ['customresourcedefinitions.apiextensions.k8s.io'] },
  { verbs: make, kinds: ['apiservices.apiregistration.k8s.io'] },
];

/**
 * Every right that the controller must not have.
 * @param ownNamespace where it runs; undefined where nobody says, as outside of a cluster
 */
export function rightsThatMustNotBe(ownNamespace: string | undefined): readonly ForbiddenRight[] {
  const wide = [...ofNamespaces, ...ofCluster].flatMap(rightsOf);
  if (ownNamespace === undefined) return wide;
  const inOwn = (right: ForbiddenRight): ForbiddenRight => ({
    ...right,
    name: `${right.name} in the controller's namespace`,
    namespace: ownNamespace,
  });
  const also = ofNamespaces.flatMap(rightsOf).map((right) => ({ ...inOwn(right), everywhere: right.name }));
  return [...wide, ...also, ...ofOwnNamespace.flatMap(rightsOf).map(inOwn)];
}

function rightsOf({ verbs, kinds }: Row): ForbiddenRight[] {
  return kinds.flatMap((kind) => {
    const [path = '', ...group] = kind.split('.');
    const [resource = '', subresource] = path.split('/');
    const thing = { group: group.join('.'), resource, ...(subresource === undefined ? {} : { subresource }) };
    return verbs.map((verb) => ({ name: `${verb} ${kind}`, verb, ...thing }));
  });
}
