import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { audit } from '../../src/auditor/closure.ts';
import { RbacIndex } from '../../src/auditor/rbac-index.ts';
import {
  clusterRole,
  clusterRoleBinding,
  role,
  roleBinding,
  type RbacObject,
} from '../../src/auditor/rbac.ts';
import type { AccessReport } from '../../src/auditor/report.ts';
import { needed, question, type Fixture } from './fixtures/fixture.ts';
import { parsed, type Written } from './fixtures/objects.ts';

const recorded = z.array(
  z.union([
    role.extend({ kind: z.literal('Role') }),
    clusterRole.extend({ kind: z.literal('ClusterRole') }),
    roleBinding.extend({ kind: z.literal('RoleBinding') }),
    clusterRoleBinding.extend({ kind: z.literal('ClusterRoleBinding') }),
  ]),
);

/** What the API server makes at start, as it was recorded; a test compares it with a real one. */
export const bootstrap: readonly RbacObject[] = recorded.parse(
  JSON.parse(readFileSync(new URL('fixtures/bootstrap.json', import.meta.url), 'utf8')),
);

/** An index of these objects, in this order. */
export function indexOf(objects: readonly (RbacObject | Written)[]): RbacIndex {
  const index = new RbacIndex();
  for (const object of objects) index.put('apiVersion' in object ? parsed({ ...object }) : object);
  return index;
}

/** The report on the Secret of the fixtures in a cluster that holds these objects and what every cluster does. */
export function reportOn(
  objects: readonly (RbacObject | Written)[],
  { trusted = [], fluxLockedDown = false }: Pick<Fixture, 'trusted' | 'fluxLockedDown'> = {},
): AccessReport {
  return audit(indexOf([...bootstrap, ...needed, ...objects]), { ...question, trusted, fluxLockedDown });
}

/** A report as a fixture says what it is to be. */
export function findings({
  verdict,
  others,
  dormant,
}: AccessReport): Required<Pick<Fixture, 'verdict' | 'who' | 'dormant'>> {
  return {
    verdict,
    who: Object.fromEntries(others.map((each) => [each.subject, [each.class, each.via]])),
    dormant,
  };
}

export function expectedOf({
  verdict,
  who,
  dormant = [],
}: Fixture): Required<Pick<Fixture, 'verdict' | 'who' | 'dormant'>> {
  return { verdict, who, dormant };
}
