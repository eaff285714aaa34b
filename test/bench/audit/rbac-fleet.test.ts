import { expect, test } from '@jest/globals';
import { rbacFleet } from './rbac-fleet.ts';

const size = { bindings: 1_000, credentials: 30 };

test('a fleet of rights has half as many roles as bindings, each bound to one that there is', () => {
  const { roles, bindings, namespaces } = rbacFleet(size);
  expect(bindings.length).toBeGreaterThan(950);
  expect(bindings.length).toBeLessThan(1_050);
  expect(roles.length).toBeGreaterThan(450);
  expect(roles.length).toBeLessThan(550);
  expect(namespaces.length).toBeGreaterThan(40);
  const known = new Set(roles.map(({ body }) => nameOf(body)));
  for (const { body } of bindings) {
    const { roleRef } = body as { roleRef: { kind: string; name: string } }; // our own
    const { namespace } = body['metadata'] as { namespace?: string }; // our own
    expect(known).toContain(`${roleRef.kind} ${roleRef.kind === 'Role' ? namespace : ''}/${roleRef.name}`);
  }
});

test('it is the same one each time', () => {
  expect(rbacFleet(size)).toEqual(rbacFleet(size));
});

test('no object is made twice', () => {
  const { namespaces, accounts, roles, bindings, credentials } = rbacFleet(size);
  const all = [...namespaces, ...accounts, ...roles, ...bindings, ...credentials].map(({ body }) =>
    nameOf(body),
  );
  expect(new Set(all).size).toBe(all.length);
});

function nameOf(body: Readonly<Record<string, unknown>>): string {
  const { namespace = '', name } = body['metadata'] as { namespace?: string; name: string }; // our own
  return `${String(body['kind'])} ${namespace}/${name}`;
}
