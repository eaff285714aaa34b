import { z } from 'zod';
import { credential } from '../api/credential.ts';
import { group, objectMeta, version } from '../api/meta.ts';
import type { Resource } from '../kube/resource.ts';

export const credentials: Resource = { group, version, plural: 'credentials' };

/** A Credential as far as an audit reads it: which Secret it is, and what was said of that before. */
export const auditedCredential = z.object({
  metadata: objectMeta.pick({ name: true, namespace: true, uid: true, resourceVersion: true }),
  spec: z.object({
    githubApp: credential.shape.spec.shape.githubApp,
    token: credential.shape.spec.shape.token,
  }),
  // What a newer version wrote must not hide the object: it is written anew.
  status: z
    .object({ access: credential.shape.status.unwrap().shape.access.catch(undefined) })
    .optional()
    .catch(undefined),
});
export type AuditedCredential = z.infer<typeof auditedCredential>;

/** The name of its Secret. Of one that names none, which the API server does not take, the empty name, which no Secret has. */
export function secretNameOf({ spec: { githubApp, token } }: Pick<AuditedCredential, 'spec'>): string {
  return (githubApp ?? token)?.secretRef.name ?? '';
}
