import { randomBytes } from 'node:crypto';
import type { Cluster } from './cluster.ts';
import { eventually } from './eventually.ts';

const group = 'rbac.authorization.k8s.io';

interface ReviewBody {
  readonly status: { readonly allowed: boolean };
}

/**
 * Resolves when the API server decides by every role and binding that was written or deleted in a namespace before, and with
 * `clusterWide` by those of the whole cluster too. It hears of them a moment after it has answered, of each kind in order: once a
 * role and a binding that are written now count, all before them do. Both are taken away again.
 */
export async function untilRbacCounts(
  cluster: Pick<Cluster, 'api' | 'applyYaml'>,
  { namespace, clusterWide = false }: { readonly namespace: string; readonly clusterWide?: boolean },
): Promise<void> {
  await untilPairCounts(cluster, namespace);
  if (clusterWide) await untilPairCounts(cluster);
}

async function untilPairCounts(
  cluster: Pick<Cluster, 'api' | 'applyYaml'>,
  namespace?: string,
): Promise<void> {
  const name = `heard-${randomBytes(4).toString('hex')}`;
  const [kind, root] =
    namespace === undefined
      ? ['ClusterRole', `/apis/${group}/v1`]
      : ['Role', `/apis/${group}/v1/namespaces/${namespace}`];
  const metadata = namespace === undefined ? { name } : { name, namespace };
  const right = { verb: 'hear', resource: 'rumours' };
  const head = { apiVersion: `${group}/v1`, metadata };
  const rules = [{ apiGroups: [''], resources: [right.resource], verbs: [right.verb] }];
  const subjects = [{ kind: 'User', apiGroup: group, name }];
  const roleRef = { apiGroup: group, kind, name };
  const written = [
    { ...head, kind, rules },
    { ...head, kind: `${kind}Binding`, roleRef, subjects },
  ];
  await cluster.applyYaml(written.map((object) => JSON.stringify(object)).join('\n---\n'));
  const resourceAttributes = namespace === undefined ? right : { ...right, namespace };
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: name, resourceAttributes },
  };
  await eventually('the API server decides by what was written', async () => {
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    return (await cluster.api<ReviewBody>('POST', path, review)).body.status.allowed;
  });
  for (const { kind: each } of written) await cluster.api('DELETE', `${root}/${each.toLowerCase()}s/${name}`);
}
