import type { ClusterClient } from '../sandbox/cluster/cluster-client.ts';
import {
  binding,
  can,
  clusterBinding,
  clusterRole,
  role,
  type Written,
  type WrittenRule,
} from './fixtures/objects.ts';

/** Somebody who tries something. */
export interface Actor {
  readonly namespace: string;
  readonly as: (headers?: Readonly<Record<string, string>>) => ClusterClient;
}

/** A right of which discovery does not tell, and a request that needs it. */
export interface Trial {
  /** Such as `bind roles.rbac.authorization.k8s.io`. */
  readonly right: string;
  /** What else the request needs. */
  readonly beside: readonly WrittenRule[];
  /** The node on which the actor runs. */
  readonly node?: string;
  /** Sends it, changing nothing; resolves to the status of the answer. */
  readonly attempt: (actor: Actor) => Promise<number>;
}

const rbac = 'rbac.authorization.k8s.io';
const certificates = 'certificates.k8s.io';
const identities = 'authentication.k8s.io';
const reviews = `selfsubjectreviews.${identities}`;

/** What the requests are about, in the namespace of the actor. */
export function subjectMatter(namespace: string): readonly object[] {
  return [
    role(`${namespace}/reader`, can('get', 'secrets')),
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'one' } },
    {
      apiVersion: `${certificates}/v1`,
      kind: 'CertificateSigningRequest',
      metadata: { name: 'jane' },
      spec: {
        request: Buffer.from(requestOfJane).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
      },
    },
  ];
}

/** For CN=jane, by a key that nobody has kept. */
const requestOfJane = `-----BEGIN CERTIFICATE REQUEST-----
MIGOMEICAQAwDzENMAsGA1UEAwwEamFuZTAqMAUGAytlcAMhAB3a8v1Rcz/VKjUP
It/WOqTJH+TKoaNe9eB+Ffm2pCwAoAAwBQYDK2VwA0EAET/lek9M9mElSKls05OB
Z6FBdFXOsN4y5pTflJpbK2TCIBn4PLQQp6OqkfpaKa85KBMF6Z5Rh7SG3QGRdBAH
AQ==
-----END CERTIFICATE REQUEST-----
`;

/** Asks who one is, as somebody else. */
function impersonating(headers: Readonly<Record<string, string>>): Trial['attempt'] {
  return async ({ as }) => {
    const body = { apiVersion: `${identities}/v1`, kind: 'SelfSubjectReview' };
    return (await as(headers).api('POST', `/apis/${identities}/v1/selfsubjectreviews`, body)).status;
  };
}

function creating(objectIn: (namespace: string) => Written): Trial['attempt'] {
  return async ({ as, namespace }) => {
    const object = objectIn(namespace);
    const place = object.metadata.namespace === undefined ? '' : `/namespaces/${namespace}`;
    const path = `/apis/${object.apiVersion}${place}/${object.kind.toLowerCase()}s?dryRun=All`;
    return (await as().api('POST', path, object)).status;
  };
}

async function approving({ as }: Actor): Promise<number> {
  const path = `/apis/${certificates}/v1/certificatesigningrequests/jane/approval?dryRun=All`;
  const approved = { type: 'Approved', status: 'True', reason: 'Tried', message: 'by a test' };
  const body = { status: { conditions: [approved] } };
  return (await as().api('PATCH', path, body, 'application/merge-patch+json')).status;
}

const anything = can('*', '*');
const jane = { 'impersonate-user': 'jane' };
const web = { 'impersonate-user': 'system:serviceaccount:team:web' };
const node = { 'impersonate-user': 'system:node:one' };

export const trials: readonly Trial[] = [
  { right: 'impersonate users', beside: [], attempt: impersonating(jane) },
  { right: 'impersonate serviceaccounts', beside: [], attempt: impersonating(web) },
  {
    right: 'impersonate groups',
    beside: [can('impersonate', 'users')],
    attempt: impersonating({ ...jane, 'impersonate-group': 'devs' }),
  },
  {
    right: `impersonate:user-info users.${identities}`,
    beside: [can('impersonate-on:user-info:create', reviews)],
    attempt: impersonating(jane),
  },
  {
    right: `impersonate:user-info groups.${identities}`,
    beside: [
      can('impersonate-on:user-info:create', reviews),
      can('impersonate:user-info', `users.${identities}`),
    ],
    attempt: impersonating({ ...jane, 'impersonate-group': 'devs' }),
  },
  {
    right: `impersonate:serviceaccount serviceaccounts.${identities}`,
    beside: [can('impersonate-on:serviceaccount:create', reviews)],
    attempt: impersonating(web),
  },
  {
    right: `impersonate:arbitrary-node nodes.${identities}`,
    beside: [can('impersonate-on:arbitrary-node:create', reviews)],
    attempt: impersonating(node),
  },
  {
    right: `impersonate:associated-node nodes.${identities}`,
    beside: [can('impersonate-on:associated-node:create', reviews)],
    node: 'one',
    attempt: impersonating(node),
  },
  {
    right: `impersonate-on:user-info:create ${reviews}`,
    beside: [can('impersonate:user-info', `users.${identities}`)],
    attempt: impersonating(jane),
  },
  {
    right: `bind roles.${rbac}`,
    beside: [can('create', `rolebindings.${rbac}`)],
    attempt: creating((namespace) => binding(`${namespace}/tried`, 'Role reader', 'User jane')),
  },
  {
    right: `bind clusterroles.${rbac}`,
    beside: [can('create', `clusterrolebindings.${rbac}`)],
    attempt: creating(() => clusterBinding('tried', 'ClusterRole cluster-admin', 'User jane')),
  },
  {
    right: `escalate roles.${rbac}`,
    beside: [can('create', `roles.${rbac}`)],
    attempt: creating((namespace) => role(`${namespace}/tried`, anything)),
  },
  {
    right: `escalate clusterroles.${rbac}`,
    beside: [can('create', `clusterroles.${rbac}`)],
    attempt: creating(() => clusterRole('tried', anything)),
  },
  {
    right: `approve signers.${certificates}`,
    beside: [can('patch', `certificatesigningrequests/approval.${certificates}`)],
    attempt: approving,
  },
];
