import { z } from 'zod';
import { KubeError } from './errors.ts';
import { pathOf } from './resource.ts';
import type { Transport } from './transport/transport.ts';

/** Something that may be allowed, as the API server's authorizers are asked about it. */
export interface Right {
  readonly verb: string;
  /** '' for core. */
  readonly group: string;
  /** Plural. */
  readonly resource: string;
  readonly subresource?: string;
  /** Absent: in every namespace, or of a kind that is in none. */
  readonly namespace?: string;
  /** Absent: over all objects. */
  readonly name?: string;
}

const reviews = { group: 'authorization.k8s.io', version: 'v1', plural: 'selfsubjectaccessreviews' };
const answered = z.object({ status: z.object({ allowed: z.boolean() }) });

/**
 * Whether we ourselves have a right, whoever of the authorizers grants it. Without a name it is one over every object of that kind: rights
 * over objects with certain names alone do not count. Every authenticated user may ask (ClusterRole system:basic-user). Rejects with a KubeError.
 */
export async function haveRight(
  transport: Pick<Transport, 'call'>,
  right: Right,
  signal: AbortSignal,
): Promise<boolean> {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: right },
  };
  const path = pathOf(reviews);
  const { data } = answered.safeParse(await transport.call({ method: 'POST', path, body, signal }));
  if (data === undefined)
    throw new KubeError('Malformed', `POST ${path}: the answer says neither yes nor no`);
  return data.status.allowed;
}
