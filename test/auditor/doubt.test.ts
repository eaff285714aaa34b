import { expect, test } from '@jest/globals';
import { doubtOf } from '../../src/auditor/doubt.ts';
import { reflectorFacts } from '../telemetry/facts.ts';

const current = reflectorFacts({
  resource: 'rolebindings',
  group: 'rbac.authorization.k8s.io',
  staleMs: 60_000,
  idleMs: 0,
});

test('an audit is believed while all that it is made of is current', () => {
  expect(doubtOf([current, { ...current, resource: 'roles' }])).toBeUndefined();
});

test.each([
  ['the right to watch bindings was taken from the auditor', { isPermitted: false }],
  ['the API server serves them no more', { isServed: false }],
  ['nothing was heard of them for five minutes', { staleMs: 300_000 }],
])('it is not once %s', (_, change) => {
  expect(
    doubtOf([
      { ...current, resource: 'roles' },
      { ...current, ...change },
    ]),
  ).toBe(
    'the auditor does not hear of changes of rolebindings any more: see its log, and whether its ClusterRole is as the chart has it',
  );
});

test('nor while some role or binding cannot be read', () => {
  const roles = { ...current, resource: 'roles' };
  const words = 'a role or binding cannot be read: see the log of the auditor';
  expect(doubtOf([roles, { ...current, refused: 1 }])).toBe(words);
  // It is of no consequence for what others may do.
  const credentials = reflectorFacts({ resource: 'credentials', refused: 1 });
  expect(doubtOf([roles, credentials])).toBeUndefined();
});
