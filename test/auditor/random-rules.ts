import fc from 'fast-check';
import type { WrittenRule } from './fixtures/objects.ts';

const some = (...words: readonly string[]): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 3 });

interface Words {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly verbs: readonly string[];
}

function rulesOf(words: Words): fc.Arbitrary<WrittenRule[]> {
  const rule = fc.record({
    apiGroups: some(...words.apiGroups),
    resources: some(...words.resources),
    resourceNames: fc.option(some(...words.resourceNames), { nil: undefined }),
    verbs: some(...words.verbs),
  });
  return fc.array(
    rule.map(({ resourceNames, ...each }) => ({ ...each, ...(resourceNames && { resourceNames }) })),
    { minLength: 1, maxLength: 3 },
  );
}

/** Rules that are close to the Secret of the fixtures: some open it, some nearly. */
export const anyRules = rulesOf({
  apiGroups: ['', '*', 'apps', 'example.com'],
  resources: ['secrets', '*', 'secrets/status', '*/status', 'pods', '*/*', 'secrets/*', 'Secrets'],
  resourceNames: ['app-token', '', 'other', '*'],
  verbs: ['get', 'list', 'watch', 'update', 'patch', 'delete', 'deletecollection', 'create', '*', 'GET'],
});

/** Rules that are close to a part of a way around. */
export const anyRulesAround = rulesOf({
  apiGroups: ['', '*', 'rbac.authorization.k8s.io', 'certificates.k8s.io'],
  resources: [
    ...['pods', 'pods/exec', '*/exec', 'pods/*', 'nodes', '*/proxy', '*', '*/*', 'configmaps'],
    ...['serviceaccounts', 'serviceaccounts/token', 'roles', 'rolebindings'],
    ...['certificatesigningrequests', 'certificatesigningrequests/nodeclient', '*/approval'],
  ],
  resourceNames: ['web', '', 'other', '*'],
  verbs: ['create', 'get', 'update', 'patch', 'bind', 'escalate', 'impersonate', 'delete', '*'],
});
