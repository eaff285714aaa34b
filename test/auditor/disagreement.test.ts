import { expect, test } from '@jest/globals';
import { disagreements, subjectsToAsk } from '../../src/auditor/disagreement.ts';
import { can, clusterGrant, grant } from './fixtures/objects.ts';
import { reportOn } from './indexed.ts';

const report = reportOn([
  ...grant('apps/x', 'User jane', can('list', 'secrets', 'app-token')),
  ...grant('apps/y', 'ServiceAccount apps/web', can('create', 'pods')),
  ...clusterGrant('fixture-z', 'Group devs', can('get', 'secrets')),
]);
const everybody = ['system:authenticated'];

test('asks of each whether they may get, list and watch the Secret, as the API server knows them', () => {
  const asked = subjectsToAsk(report);
  expect(asked.filter(({ verb }) => verb === 'list')).toEqual([
    { subject: 'Group devs', groups: ['devs', ...everybody], verb: 'list', expected: false },
    { subject: 'User jane', user: 'jane', groups: everybody, verb: 'list', expected: true },
    {
      subject: 'ServiceAccount apps/web',
      user: 'system:serviceaccount:apps:web',
      groups: ['system:serviceaccounts:apps', 'system:serviceaccounts', ...everybody],
      verb: 'list',
      expected: false,
    },
    {
      subject: 'ServiceAccount lockkeeper-system/lockkeeper-controller',
      user: 'system:serviceaccount:lockkeeper-system:lockkeeper-controller',
      groups: ['system:serviceaccounts:lockkeeper-system', 'system:serviceaccounts', ...everybody],
      verb: 'list',
      expected: false,
    },
    {
      subject: 'User lockkeeper:nobody',
      user: 'lockkeeper:nobody',
      groups: everybody,
      verb: 'list',
      expected: false,
    },
  ]);
  expect(asked.filter(({ expected }) => expected).map(({ subject, verb }) => `${subject} ${verb}`)).toEqual([
    'Group devs get',
    'User jane list',
    'ServiceAccount lockkeeper-system/lockkeeper-controller get',
  ]);
});

test('expects of nobody what rules give to everybody who is authenticated', () => {
  const open = reportOn(grant('apps/x', 'Group system:authenticated', can('watch', 'secrets')));
  const nobody = subjectsToAsk(open).filter(({ subject }) => subject === 'User lockkeeper:nobody');
  expect(nobody.map(({ verb, expected }) => [verb, expected])).toEqual([
    ['get', false],
    ['list', false],
    ['watch', true],
  ]);
});

test('agrees with an API server that answers by RBAC, or not at all', () => {
  expect(
    disagreements(
      report,
      subjectsToAsk(report).map(({ expected }) => expected),
    ),
  ).toEqual([]);
  expect(disagreements(report, [])).toEqual([]);
});

test('says who is let in without a rule, and who is not in spite of one', () => {
  const answers = subjectsToAsk(report).map(({ subject, verb, expected }) => {
    if (subject === 'User lockkeeper:nobody') return verb === 'get';
    return subject === 'User jane' ? false : expected;
  });
  expect(disagreements(report, answers)).toEqual([
    'A rule of RBAC lets User jane list the Secret and the API server does not: another authorizer seems to be active.',
    'The API server lets User lockkeeper:nobody get the Secret and no rule of RBAC does: another authorizer seems to be active.',
  ]);
});
