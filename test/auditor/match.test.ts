import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { overwriteOf, readOf, verbsOn } from '../../src/auditor/direct.ts';
import { heldBy } from '../../src/auditor/held.ts';
import { secretVerbs, type SecretVerb } from '../../src/auditor/rights.ts';
import { subjectOf } from '../../src/auditor/subjects.ts';
import { question } from './fixtures/fixture.ts';
import { binding, clusterBinding, clusterRole, role, type WrittenRule } from './fixtures/objects.ts';
import { indexOf } from './indexed.ts';
import { anyRules } from './random-rules.ts';

const { namespace, secret } = question;
const people = ['User jane', 'User joe', 'ServiceAccount team/bot', 'ServiceAccount apps/web'] as const;
const named = [
  ...people,
  'User system:serviceaccount:team:bot',
  'Group system:authenticated',
  'Group system:serviceaccounts',
  'Group system:serviceaccounts:apps',
  'Group devs',
] as const;

/** Who gets which rules, where. */
const anyBindings = fc.array(
  fc.record({
    place: fc.constantFrom('apps', 'team', ''),
    who: fc.uniqueArray(fc.constantFrom(...named), { minLength: 1, maxLength: 2 }),
    rules: anyRules,
  }),
  { minLength: 1, maxLength: 4 },
);

interface Bound {
  readonly place: string;
  readonly who: readonly string[];
  readonly rules: readonly WrittenRule[];
}

function objectsOf({ place, who, rules }: Bound, at: number) {
  return place === ''
    ? [clusterRole(`r${at}`, ...rules), clusterBinding(`b${at}`, `ClusterRole r${at}`, ...who)]
    : [role(`${place}/r${at}`, ...rules), binding(`${place}/b${at}`, `Role r${at}`, ...who)];
}

/** Written down as slowly as the rules of Kubernetes read. */
function allows(all: readonly Bound[], who: string, verb: string, name: string): boolean {
  const names: Record<string, readonly string[]> = {
    'User jane': ['User jane', 'Group system:authenticated'],
    'User joe': ['User joe', 'Group system:authenticated'],
    'ServiceAccount team/bot': [
      'ServiceAccount team/bot',
      'User system:serviceaccount:team:bot',
      'Group system:serviceaccounts',
      'Group system:authenticated',
    ],
    'ServiceAccount apps/web': [
      'ServiceAccount apps/web',
      'Group system:serviceaccounts:apps',
      'Group system:serviceaccounts',
      'Group system:authenticated',
    ],
  };
  for (const bound of all) {
    if (bound.place === 'team' || !bound.who.some((each) => names[who]?.includes(each))) continue;
    for (const rule of bound.rules)
      for (const ruleVerb of rule.verbs)
        for (const group of rule.apiGroups ?? [])
          for (const resource of rule.resources ?? [])
            for (const ruleName of rule.resourceNames ?? [name])
              if (
                (ruleVerb === '*' || ruleVerb === verb) &&
                (group === '*' || group === '') &&
                (resource === '*' || resource === 'secrets') &&
                ruleName === name
              )
                return true;
  }
  return false;
}

const nameless: readonly SecretVerb[] = ['create', 'deletecollection'];
const listing: readonly SecretVerb[] = ['list', 'watch'];

test('what somebody may do with the Secret is what a slow reading of the rules says', () => {
  let isAllowedAtAll = 0;
  fc.assert(
    fc.property(anyBindings, (all) => {
      const index = indexOf(all.flatMap(objectsOf));
      for (const who of people) {
        const [kind = '', place = ''] = who.split(' ');
        const [of = '', name = ''] = place.split('/');
        const subject = subjectOf(
          name === '' ? { kind, name: of, namespace: '' } : { kind, name, namespace: of },
          '',
        );
        if (subject === undefined) throw new Error(`${who} is nobody`);
        const held = heldBy(subject, index, namespace);
        const may = (verb: SecretVerb): boolean =>
          allows(all, who, verb, nameless.includes(verb) ? '' : secret);
        expect(verbsOn(held, secret)).toEqual(secretVerbs.filter(may));
        const reads = may('get') || listing.some((verb) => may(verb) || allows(all, who, verb, ''));
        expect(readOf(held, secret) !== undefined).toBe(reads);
        const overwrites =
          may('update') || may('patch') || ((may('delete') || may('deletecollection')) && may('create'));
        expect(overwriteOf(held, secret) !== undefined).toBe(overwrites);
        if (reads || overwrites) isAllowedAtAll += 1;
      }
    }),
    { numRuns: 500 },
  );
  expect(isAllowedAtAll).toBeGreaterThan(100);
});
