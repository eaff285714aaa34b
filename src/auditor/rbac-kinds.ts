import type { z } from 'zod';
import type { Resource } from '../kube/resource.ts';
import { clusterRole, clusterRoleBinding, role, roleBinding, type RbacObject } from './rbac.ts';

/** A kind that an audit reads. */
export interface RbacKind {
  readonly resource: Resource;
  readonly schema: z.ZodType<RbacObject>;
  readonly isNamespaced: boolean;
}

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const;

/** All that an audit is made of. Who is named by a binding has its rights whether or not there is such a service account yet. */
export const rbacKinds: readonly RbacKind[] = [
  { resource: { ...rbac, plural: 'clusterroles' }, schema: clusterRole, isNamespaced: false },
  { resource: { ...rbac, plural: 'clusterrolebindings' }, schema: clusterRoleBinding, isNamespaced: false },
  { resource: { ...rbac, plural: 'roles' }, schema: role, isNamespaced: true },
  { resource: { ...rbac, plural: 'rolebindings' }, schema: roleBinding, isNamespaced: true },
];
