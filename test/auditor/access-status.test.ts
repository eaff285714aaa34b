import { describe, expect, test } from '@jest/globals';
import { accessStatusOf } from '../../src/auditor/access-status.ts';
import { credential } from '../../src/api/credential.ts';
import type { Other } from '../../src/auditor/report.ts';
import { accountIn, controller, other, report } from './seen.ts';

const of = { namespace: 'apps', name: 'promoter', secret: 'key', controller };
const schema = credential.shape.status.unwrap().shape.access.unwrap();

test('at most ten are named, in the order of the report, and all are counted', () => {
  const others = Array.from({ length: 25 }, (_, at) => other({ subject: `User u${at}`, name: `u${at}` }));
  const access = accessStatusOf(report({ others }), of);
  expect(access.paths.map(({ subject }) => subject)).toEqual(others.slice(0, 10).map((each) => each.subject));
  expect([access.others, access.elsewhere]).toEqual([25, 0]);
  expect(access.message).toBe('25 others can reach Secret key; see: lockkeeper access promoter -n apps');
});

test('whom the operator trusts is named in the baseline, whatever their namespace, and not counted', () => {
  const trusted = [accountIn('flux-system', 'helm-controller')];
  const line = 'Trusted by the operator: ServiceAccount flux-system/helm-controller';
  expect(accessStatusOf(report({ trusted, baseline: [line] }), of)).toMatchObject({
    verdict: 'Exclusive',
    message: 'nobody but the controller, the baseline and whom the operator trusts can reach Secret key',
    others: 0,
    elsewhere: 0,
    paths: [],
    baseline: [line],
  });
});

test('other authorizers that the operator trusts stand in the baseline, before what may be cut off', () => {
  const baseline = Array.from({ length: 20 }, (_, at) => `part ${at}`);
  const access = accessStatusOf(report({ baseline }), of, { trustsAuthorizers: true });
  expect(access).toMatchObject({
    verdict: 'Exclusive',
    message: 'nobody but the controller, the baseline and whom the operator trusts can reach Secret key',
  });
  expect(access.baseline.slice(0, 2)).toEqual([
    'Trusted by the operator: other authorizers of the API server than RBAC, and whom they let in',
    'part 0',
  ]);
});

test('those of other namespaces are counted and take nobody the place', () => {
  const others = [...Array.from({ length: 12 }, (_, at) => accountIn('ci', `runner-${at}`)), other()];
  const access = accessStatusOf(report({ others }), of);
  expect(access.paths.map(({ subject }) => subject)).toEqual(['User ada']);
  expect([access.others, access.elsewhere]).toEqual([13, 12]);
});

test('service accounts of its own namespace are named', () => {
  const access = accessStatusOf(report({ others: [accountIn('apps', 'runner')] }), of);
  expect(access.paths.map(({ subject }) => subject)).toEqual(['ServiceAccount apps/runner']);
});

test('the service accounts of another namespace, as a group, are counted and not named either', () => {
  const members = (namespace: string): Other =>
    other({
      subject: `Group system:serviceaccounts:${namespace}`,
      kind: 'Group',
      name: `system:serviceaccounts:${namespace}`,
    });
  const access = accessStatusOf(report({ others: [members('canary'), members('apps')] }), of);
  expect(access.paths.map(({ subject }) => subject)).toEqual(['Group system:serviceaccounts:apps']);
  expect([access.others, access.elsewhere]).toEqual([2, 1]);
  const doubt =
    'The API server lets Group system:serviceaccounts:canary get the Secret and no rule of RBAC does.';
  expect(accessStatusOf(report(), of, { doubt }).message).not.toContain('canary');
});

describe('a way by another namespace', () => {
  const via = (...path: string[]): string | undefined =>
    accessStatusOf(report({ others: [other({ path })] }), of).paths[0]?.via;

  test('names nothing of it, not what its role is limited to, whatever characters that has', () => {
    expect(
      via(
        'RoleBinding canary/system:canary two',
        'Role canary/canary:one',
        'create serviceaccounts/token named canary-runner (I-2)',
        'ServiceAccount canary/canary-runner',
        'RoleBinding apps/readers',
        'Role apps/readers',
        'get secrets named key',
      ),
    ).toBe(
      'a RoleBinding of another namespace -> a Role of another namespace -> create serviceaccounts/token (I-2) -> a ServiceAccount of another namespace -> RoleBinding apps/readers -> Role apps/readers -> get secrets named key',
    );
  });

  test('names no group of its service accounts', () => {
    const steps = ['RoleBinding apps/x', 'Role apps/x', 'get secrets'];
    expect(via('Group system:serviceaccounts:canary', ...steps)).toBe(
      `the service accounts of another namespace -> ${steps.join(' -> ')}`,
    );
  });

  test.each(['Group acme/devs', 'User arn:aws:iam::1:role/x'])(
    'names %s, who is of no namespace, whatever is in the name',
    (subject) => {
      const steps = [subject, 'RoleBinding apps/x', 'Role apps/x', 'get secrets'];
      expect(via(...steps)).toBe(steps.join(' -> '));
    },
  );

  test('names the controller, which everybody knows', () => {
    const steps = ['ServiceAccount lockkeeper-system/lockkeeper-controller', 'the controller itself'];
    expect(via(...steps)).toBe(steps.join(' -> '));
  });

  test('may lead by roles of the cluster, which are of no namespace', () => {
    const steps = [
      'ClusterRoleBinding ops',
      'ClusterRole edit (from ClusterRole pods by label a/b=true)',
      'create pods (I-1)',
    ];
    expect(via(...steps)).toBe(steps.join(' -> '));
  });
});

test('what cannot be believed is Unknown and says why, and the counts stay', () => {
  const doubt =
    'The API server lets ServiceAccount canary/runner get the Secret and no rule of RBAC does: another authorizer seems to be active.';
  expect(accessStatusOf(report({ others: [other()] }), of, { doubt })).toMatchObject({
    verdict: 'Unknown',
    message:
      'The API server lets a ServiceAccount of another namespace get the Secret and no rule of RBAC does: another authorizer seems to be active.',
    others: 1,
  });
});

test('more of a baseline than status takes is told in its last line', () => {
  const baseline = Array.from({ length: 20 }, (_, at) => `part ${at}`);
  expect(accessStatusOf(report({ baseline }), of).baseline).toEqual([
    ...baseline.slice(0, 15),
    '5 more, which lockkeeper access shows',
  ]);
});

test('status takes the longest that there can be', () => {
  const long = 'x'.repeat(253);
  const others = Array.from({ length: 30 }, () =>
    other({
      subject: `User ${'ü'.repeat(400)}`,
      path: Array.from({ length: 30 }, () => `Role apps/${long}`),
    }),
  );
  const baseline = Array.from({ length: 30 }, (_, at) => `${at} ${'é'.repeat(400)}`);
  const access = accessStatusOf(report({ others, baseline, verdict: 'Exposed' }), {
    ...of,
    name: long,
    secret: long,
  });
  expect(schema.safeParse({ ...access, checkedTime: '2026-11-25T12:00:00Z' }).error).toBeUndefined();
});
