import type { Cluster } from '../sandbox/cluster/cluster.ts';

interface Identity {
  readonly user?: string;
  readonly groups: readonly string[];
}

interface Attributes {
  readonly namespace: string;
  readonly verb: string;
  readonly resource: string;
  readonly group?: string;
  readonly subresource?: string | undefined;
  readonly name?: string;
}

/** Whether an API server lets somebody do something, by its SubjectAccessReview. */
export async function reviewed(
  cluster: Cluster,
  { user, groups }: Identity,
  { namespace, verb, resource, group, subresource, name }: Attributes,
): Promise<boolean> {
  const { status, body } = await cluster.api<{ status: { allowed: boolean } }>(
    'POST',
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        ...(user !== undefined && { user }),
        groups,
        resourceAttributes: { namespace, verb, version: 'v1', group, resource, subresource, name },
      },
    },
  );
  if (status !== 201) throw new Error(`the API server answered ${status}`);
  return body.status.allowed;
}
