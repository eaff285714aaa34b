import { expect, test } from '@jest/globals';
import { dependenceOf, isConcerned } from '../../src/auditor/concerned.ts';
import type { AccessReport } from '../../src/auditor/report.ts';
import { accountIn, controller, other, report } from './seen.ts';

/** Whether a change at this place concerns an audit in `apps` that last said this. */
const concerns = (place: string, last: AccessReport): boolean =>
  isConcerned(new Set([place]), { namespace: 'apps', on: dependenceOf(last, controller) });

test.each([
  ['its own namespace', 'apps', true],
  ['the cluster', '', true],
  ['the namespace of the controller, as which somebody may act', 'lockkeeper-system', true],
  ['the namespace of somebody who can reach it', 'ci', true],
  ['a namespace on the way of somebody', 'ops', true],
  ['the namespace of the controllers of Kubernetes, as which somebody may act', 'kube-system', true],
  ['a namespace in which a binding waits for its role', 'later', true],
  ['the namespace of a group of service accounts', 'batch', true],
  ['the namespace of somebody whom the operator trusts, as whom others may act', 'flux-system', true],
  ['any other namespace', 'shop', false],
])('a change in %s', (_, place, isOne) => {
  const last = report({
    others: [
      accountIn('ci', 'runner'),
      other({ path: ['RoleBinding ops/x', 'Role ops/x', 'create serviceaccounts/token (I-2)'] }),
      other({
        subject: 'Group system:serviceaccounts:batch',
        kind: 'Group',
        name: 'system:serviceaccounts:batch',
      }),
    ],
    trusted: [accountIn('flux-system', 'helm-controller')],
    dormant: ['RoleBinding later/x gives Role later/y, which does not exist'],
  });
  expect(concerns(place, last)).toBe(isOne);
});

test.each(['system:serviceaccounts', 'system:authenticated', 'system:unauthenticated'])(
  'whatever %s can reach is a matter of every namespace',
  (name) => {
    const last = report({ others: [other({ subject: `Group ${name}`, kind: 'Group', name })] });
    expect(concerns('shop', last)).toBe(true);
  },
);

test('of what was not looked at yet everything is a concern', () => {
  expect(isConcerned(new Set(['shop']), { namespace: 'apps', on: undefined })).toBe(true);
});
