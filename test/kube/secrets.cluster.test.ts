import type { V1SelfSubjectAccessReview } from '@kubernetes/client-node';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Secret } from '../../src/base/secret.ts';
import { readSecret } from '../../src/kube/secrets.ts';
import { Transport } from '../../src/kube/transport/transport.ts';
import type { Cluster } from '../sandbox/cluster/cluster.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { obtainControlPlane } from '../sandbox/cluster/obtain-control-plane.ts';

const serviceAccount = 'keeper';

let cluster: Cluster;
let namespace: string;
let token: Secret;
/** As an account that may get the Secret `own` and nothing else. */
let transport: Transport;

beforeAll(async () => {
  cluster = await obtainControlPlane({ say: () => undefined });
  namespace = await cluster.freshNamespace('secrets');
  await cluster.applyYaml(`
apiVersion: v1
kind: ServiceAccount
metadata: { name: ${serviceAccount}, namespace: ${namespace} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: own, namespace: ${namespace} }
rules: [{ apiGroups: [''], resources: [secrets], resourceNames: [own, absent], verbs: [get] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: own, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: own }
subjects: [{ kind: ServiceAccount, name: ${serviceAccount}, namespace: ${namespace} }]
---
apiVersion: v1
kind: Secret
metadata: { name: own, namespace: ${namespace} }
stringData: { token: canary-token, empty: '', note: "zwei\\nZeilen ü" }
---
apiVersion: v1
kind: Secret
metadata: { name: other, namespace: ${namespace} }
stringData: { token: canary-token }
`);
  token = await cluster.requestToken({ namespace, serviceAccount });
  transport = new Transport({ server: cluster.server, tls: () => ({ ca: cluster.ca }), token: () => token });
  await eventually('the role counts', async () => await may({ verb: 'get', name: 'own' }));
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await transport.close();
  await cluster.stop();
});

async function may({ verb, name = '' }: { verb: string; name?: string }): Promise<boolean> {
  const review: V1SelfSubjectAccessReview = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { namespace, resource: 'secrets', verb, name } },
  };
  const { body } = await cluster
    .as(token)
    .api<V1SelfSubjectAccessReview>('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review);
  return body.status?.allowed === true;
}

const within = (): AbortSignal => AbortSignal.timeout(10_000);

test('a Secret is read by its name, with the right to get that one and no other', async () => {
  expect([await may({ verb: 'list' }), await may({ verb: 'get', name: 'other' })]).toEqual([false, false]);
  const { uid, data } = await readSecret(transport, { namespace, name: 'own' }, within());
  const { body } = await cluster.api<{ metadata: { uid: string } }>(
    'GET',
    `/api/v1/namespaces/${namespace}/secrets/own`,
  );
  expect(uid).toBe(body.metadata.uid);
  const values = [...data].map(([key, value]) => [key, value.expose()]);
  expect(Object.fromEntries(values)).toEqual({ token: 'canary-token', empty: '', note: 'zwei\nZeilen ü' });
  expect(inspect(data, { depth: Infinity, showHidden: true })).not.toContain('canary');
});

test('a Secret that we may not read is Forbidden, whether it is there or not', async () => {
  for (const name of ['other', 'neither']) {
    await expect(readSecret(transport, { namespace, name }, within())).rejects.toMatchObject({
      code: 'Forbidden',
      message: expect.stringContaining(`secrets "${name}" is forbidden`),
    });
  }
});

test('a Secret that we may read and that is not there is NotFound', async () => {
  await expect(readSecret(transport, { namespace, name: 'absent' }, within())).rejects.toMatchObject({
    code: 'NotFound',
    message: `GET /api/v1/namespaces/${namespace}/secrets/absent: secrets "absent" not found`,
  });
});

test('a token that has ended is read anew, and what is refused with both is Unauthorized', async () => {
  const { server, ca } = cluster;
  const ended = new Secret('not.a.token');
  const renewed = new Transport({
    server,
    tls: () => ({ ca }),
    token: ({ fresh }) => (fresh ? token : ended),
  });
  const refused = new Transport({ server, tls: () => ({ ca }), token: () => ended });
  try {
    expect((await readSecret(renewed, { namespace, name: 'own' }, within())).data.size).toBe(3);
    await expect(readSecret(refused, { namespace, name: 'own' }, within())).rejects.toMatchObject({
      code: 'Unauthorized',
      message: `GET /api/v1/namespaces/${namespace}/secrets/own: Unauthorized`,
    });
  } finally {
    await Promise.all([renewed.close(), refused.close()]);
  }
});
