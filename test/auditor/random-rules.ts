import fc from 'fast-check';
import type { WrittenRule } from './fixtures/objects.ts';

const some = (...words: readonly string[]): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 3 });

/** Rules that are close to the Secret of the fixtures: some open it, some nearly. */
export const anyRules: fc.Arbitrary<WrittenRule[]> = fc.array(
  fc
    .record({
      apiGroups: some('', '*', 'apps', 'example.com'),
      resources: some('secrets', '*', 'secrets/status', '*/status', 'pods', '*/*', 'secrets/*', 'Secrets'),
      resourceNames: fc.option(some('app-token', '', 'other', '*'), { nil: undefined }),
      verbs: some(
        'get',
        'list',
        'watch',
        'update',
        'patch',
        'delete',
        'deletecollection',
        'create',
        '*',
        'GET',
      ),
    })
    .map(({ resourceNames, ...rule }) => ({ ...rule, ...(resourceNames && { resourceNames }) })),
  { minLength: 1, maxLength: 3 },
);
