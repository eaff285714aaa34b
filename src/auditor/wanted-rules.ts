import { stringify } from 'yaml';

/** Who is to read which Secret. */
export interface WantedRules {
  readonly namespace: string;
  readonly credential: string;
  readonly secret: string;
  readonly controller: { readonly namespace: string; readonly name: string };
}

/** The Role and RoleBinding that let the controller get this one Secret, and no other, as YAML that can be applied. */
export function wantedRules({ namespace, credential, secret, controller }: WantedRules): string {
  const metadata = { name: `lockkeeper-${credential}`, namespace };
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata,
    rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: [secret], verbs: ['get'] }],
  };
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: controller.name, namespace: controller.namespace }],
  };
  return [
    `# Lets ${controller.namespace}/${controller.name} get Secret ${namespace}/${secret}: no other, and never a list of them.\n`,
    stringify(role, { aliasDuplicateObjects: false }),
    '---\n',
    stringify(binding, { aliasDuplicateObjects: false }),
  ].join('');
}
