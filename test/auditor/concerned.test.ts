import { expect, test } from '@jest/globals';
import { audit } from '../../src/auditor/closure.ts';
import { dependenceOf, isConcerned, placeOf } from '../../src/auditor/concerned.ts';
import type { AccessReport } from '../../src/auditor/report.ts';
import { question } from './fixtures/fixture.ts';
import { binding, can, clusterGrant, grant, parsed, role, type Written } from './fixtures/objects.ts';
import { indexOf } from './indexed.ts';
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

/** Where a change of the last of these may be felt, once it has happened. */
function felt(before: readonly Written[], ...versions: readonly Written[]): string {
  const objects = versions.map((each) => parsed({ ...each }));
  return placeOf(objects, indexOf([...before, ...versions]));
}

const jane = 'User jane';
const groups = clusterGrant('fixture-x', jane, can('impersonate', 'groups', 'system:masters'));
const bots = can('impersonate', 'serviceaccounts', 'bot');
const asBots = grant('shop/y', jane, bots);
const [botsRole, botsBinding] = [role('shop/y', bots), binding('shop/y', 'Role y', jane)];

test('to act as a service account of any namespace completes a right of the cluster to act as groups', () => {
  const index = indexOf(groups);
  expect(audit(index, question).verdict).toBe('Exclusive');
  const on = dependenceOf(audit(index, question), controller);
  for (const object of asBots) index.put(parsed({ ...object }));
  expect(audit(index, question).verdict).toBe('Shared');
  const places = new Set([placeOf([parsed({ ...botsBinding })], index)]);
  expect(isConcerned(places, { namespace: 'apps', on })).toBe(true);
});

const flux = clusterGrant('fixture-f', 'ServiceAccount flux/helm-controller', can('get', 'secrets'));
const release = can('update', 'helmreleases.helm.toolkit.fluxcd.io');
const [releaseRole, releaseBinding] = [role('shop/r', release), binding('shop/r', 'Role r', jane)];

test('to write in any namespace what Flux applies as itself completes a right of its controller', () => {
  const index = indexOf(flux);
  const trusting = { ...question, trusted: ['ServiceAccount flux/helm-controller'] };
  const last = audit(index, trusting);
  expect(last.verdict).toBe('Exclusive');
  for (const object of [releaseRole, releaseBinding]) index.put(parsed({ ...object }));
  expect(audit(index, trusting).others.map(({ subject }) => subject)).toEqual([jane]);
  const places = new Set([placeOf([parsed({ ...releaseBinding })], index)]);
  expect(isConcerned(places, { namespace: 'apps', on: dependenceOf(last, controller) })).toBe(true);
});

test.each<[string, string, readonly Written[], readonly Written[]]>([
  ['everywhere, of what Flux applies, by the binding', '', [...flux, releaseRole], [releaseBinding]],
  ['everywhere, of what Flux applies, by the role', '', [...flux, releaseBinding], [releaseRole]],
  ['in its namespace, of what Flux would apply where it is not', 'shop', [releaseRole], [releaseBinding]],
  ['in its namespace, of a role that is bound to nobody', 'shop', flux, [releaseRole]],
  ['everywhere, by the binding', '', [...groups, botsRole], [botsBinding]],
  ['everywhere, by the role that was waited for', '', [...groups, botsBinding], [botsRole]],
  ['everywhere, by the role that gives it no more', '', [...groups, ...asBots], [botsRole, role('shop/y')]],
  [
    'everywhere, by a ClusterRole in a namespace',
    '',
    [...groups, ...clusterGrant('fixture-y', 'User joe', bots)],
    [binding('shop/y', 'ClusterRole fixture-y', jane)],
  ],
  [
    'everywhere, if it is of everybody',
    '',
    [...groups, botsRole],
    [binding('shop/y', 'Role y', 'Group system:authenticated')],
  ],
  [
    'everywhere, within bounds',
    '',
    grant('team/x', jane, can('impersonate:serviceaccount', 'serviceaccounts.authentication.k8s.io', 'bot')),
    grant('shop/y', jane, can('impersonate-on:serviceaccount:get', 'secrets')).toReversed(),
  ],
  ['in its namespace, of somebody without the other half', 'shop', [botsRole], [botsBinding]],
  [
    'in its namespace, of another right',
    'shop',
    groups,
    grant('shop/z', jane, can('get', 'secrets')).slice(1),
  ],
])('a change is felt %s', (_, place, before, versions) => {
  expect(felt(before, ...versions)).toBe(place);
});
