import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { audit } from '../../src/auditor/closure.ts';
import { RbacIndex } from '../../src/auditor/rbac-index.ts';
import type { RbacObject } from '../../src/auditor/rbac.ts';
import { question } from './fixtures/fixture.ts';
import { fixtures } from './fixtures/index.ts';
import { binding, can, grant, parsed, role } from './fixtures/objects.ts';
import { indexOf } from './indexed.ts';

const jane = 'User jane';
const verdictOf = (index: RbacIndex): string => audit(index, question).verdict;

function put(index: RbacIndex, ...objects: readonly Parameters<typeof parsed>[0][]): readonly boolean[] {
  return objects.map((object) => index.put(parsed({ ...object })));
}

test('however objects come, change and go, an audit answers as if only what is left had ever been', () => {
  const all = fixtures.flatMap(({ objects }) => objects).map((each) => parsed({ ...each }));
  const step = fc.record({ object: fc.constantFrom(...all), isGone: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const index = new RbacIndex();
      const left = new Map<string, RbacObject>();
      for (const { object, isGone } of steps) {
        const key = `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
        if (isGone) {
          index.remove(object);
          left.delete(key);
        } else {
          index.put(object);
          left.set(key, object);
        }
        audit(index, question); // so that it remembers what it should forget
      }
      expect(audit(index, question)).toEqual(audit(indexOf([...left.values()]), question));
    }),
    { numRuns: 100 },
  );
});

test('a role that comes after its binding wakes it, and one that goes puts it to sleep', () => {
  const index = indexOf([binding('apps/x', 'Role x', jane)]);
  expect(audit(index, question).dormant).toHaveLength(1);
  const reader = role('apps/x', can('get', 'secrets'));
  put(index, reader);
  expect([verdictOf(index), audit(index, question).dormant]).toEqual(['Shared', []]);
  index.remove(parsed({ ...reader }));
  expect([verdictOf(index), audit(index, question).dormant.length]).toEqual(['Exclusive', 1]);
});

test('a role that loses a rule, and a binding that changes its subjects, are seen', () => {
  const index = indexOf(grant('apps/x', jane, can('get', 'secrets')));
  put(index, role('apps/x', can('get', 'pods')));
  expect(verdictOf(index)).toBe('Exclusive');
  put(index, role('apps/x', can('get', 'secrets')), binding('apps/x', 'Role x', 'Group devs'));
  expect(audit(index, question).others.map(({ subject }) => subject)).toEqual(['Group devs']);
});

test('says whether an audit may answer otherwise', () => {
  const index = new RbacIndex();
  expect(put(index, role('apps/worthless', can('get', 'pods')))).toEqual([false]);
  expect(put(index, ...grant('apps/x', jane, can('get', 'secrets')))).toEqual([true, true]);
  expect(put(index, role('apps/x', can('list', 'secrets')))).toEqual([true]);
  expect(index.remove(parsed({ ...role('apps/none') }))).toBe(false);
});

test('a role that is bound nowhere yet makes a difference to whoever may bind it', () => {
  const index = indexOf([
    role('apps/later', can('get', 'configmaps')),
    ...grant(
      'apps/x',
      'User jane',
      can('create', 'rolebindings.rbac.authorization.k8s.io'),
      can('bind', 'roles.rbac.authorization.k8s.io', 'later'),
    ),
  ]);
  expect(audit(index, question).verdict).toBe('Exclusive');
  expect(index.put(parsed(role('apps/later', can('get', 'secrets'))))).toBe(true);
  expect(audit(index, question).verdict).toBe('Shared');
});
