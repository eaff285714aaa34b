import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { audit } from '../../src/auditor/closure.ts';
import { verbsOn } from '../../src/auditor/direct.ts';
import { disagreements, subjectsToAsk } from '../../src/auditor/disagreement.ts';
import { heldBy } from '../../src/auditor/held.ts';
import type { RbacIndex } from '../../src/auditor/rbac-index.ts';
import { secretVerbs, type SecretVerb } from '../../src/auditor/rights.ts';
import { identityOf, type Subject } from '../../src/auditor/subjects.ts';
import { startControlPlane, type ControlPlane } from '../sandbox/cluster/control-plane.ts';
import { untilRbacCounts } from '../sandbox/cluster/until-rbac-counts.ts';
import { needed, question } from './fixtures/fixture.ts';
import { fixtures } from './fixtures/index.ts';
import { binding, role, type Written } from './fixtures/objects.ts';
import { grantedBy, type Granted } from './granted.ts';
import { bootstrap, expectedOf, findings, indexOf } from './indexed.ts';
import { aggregate, readRbac, worth } from './live-rbac.ts';
import { anyRules } from './random-rules.ts';
import { reviewed } from './reviewed.ts';

// Its own: what is bound here in the whole cluster would be seen by other tests.
let cluster: ControlPlane;

beforeAll(async () => {
  cluster = await startControlPlane({ say: () => undefined });
  for (const name of ['apps', 'team', 'ci', 'lockkeeper-system', 'flux-system'])
    await cluster.ensureNamespace(name);
  await aggregate(cluster);
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await cluster.stop();
});

test('a new API server makes what is recorded', async () => {
  expect(worth(await readRbac(cluster))).toEqual(worth(bootstrap));
});

test.each(fixtures)('$name', async (fixture) => {
  const objects = [...needed, ...fixture.objects];
  await apply(objects);
  try {
    const index = indexOf(await readRbac(cluster));
    const { trusted = [], fluxLockedDown = false } = fixture;
    const report = audit(index, { ...question, trusted, fluxLockedDown });
    expect(findings(report)).toEqual(expectedOf(fixture));
    const answers = await Promise.all(subjectsToAsk(report).map((ask) => isAllowed(ask, ask.verb)));
    expect(disagreements(report, answers)).toEqual([]);
    const subjects = subjectsOf(index, objects);
    expect(await allowedTo(subjects)).toEqual(foundFor(subjects, index));
    expect(await refusedAmong(grantedBy(fixture.objects, index))).toEqual([]);
  } finally {
    await remove(objects);
  }
});

test('whatever the rules, the API server lets do what is found, and nothing else', async () => {
  const samples = fc.sample(anyRules, { numRuns: 60, seed: 1 });
  const objects = samples.flatMap((rules, at) => [
    role(`apps/random-${at}`, ...rules),
    binding(`apps/random-${at}`, `Role random-${at}`, `User random-${at}`),
  ]);
  await apply(objects);
  try {
    const index = indexOf(await readRbac(cluster));
    const subjects = subjectsOf(index, objects);
    expect(subjects.length).toBeGreaterThan(30);
    expect(await allowedTo(subjects)).toEqual(foundFor(subjects, index));
  } finally {
    await remove(objects);
  }
});

/** Resolves when they count, and what was removed before does not any more. */
async function apply(objects: readonly Written[]): Promise<void> {
  await cluster.applyYaml(objects.map((each) => JSON.stringify(each)).join('\n---\n'));
  await untilRbacCounts(cluster, { namespace: 'apps', clusterWide: true });
}

async function remove(objects: readonly Written[]): Promise<void> {
  await Promise.all(
    objects.map(async ({ apiVersion, kind, metadata: { namespace, name } }) => {
      const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
      const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      await cluster.api('DELETE', `${root}${place}/${kind.toLowerCase()}s/${encodeURIComponent(name)}`);
    }),
  );
}

/** Everybody to whom these bindings give something in the namespace or in the cluster. */
function subjectsOf(index: RbacIndex, objects: readonly Written[]): readonly Subject[] {
  const names = new Set(
    objects
      .filter(({ kind }) => kind.endsWith('Binding'))
      .map(({ kind, metadata: { namespace, name } }) =>
        kind === 'RoleBinding' ? `${kind} ${namespace}/${name}` : `${kind} ${name}`,
      ),
  );
  const found = [question.namespace, ''].flatMap((place) =>
    [...index.scope(place).holders.values()].filter(({ bound }) =>
      bound.some((each) => names.has(each.binding.id)),
    ),
  );
  return [...new Map(found.map(({ subject }) => [subject.id, subject])).values()];
}

function foundFor(subjects: readonly Subject[], index: RbacIndex): Record<string, readonly SecretVerb[]> {
  const { namespace, secret } = question;
  return Object.fromEntries(
    subjects.map((subject) => [subject.id, verbsOn(heldBy(subject, index, namespace), secret)]),
  );
}

async function allowedTo(subjects: readonly Subject[]): Promise<Record<string, readonly SecretVerb[]>> {
  const each = subjects.map(async (subject) => {
    const asked = secretVerbs.map(async (verb) => ({ verb, is: await isAllowed(identityOf(subject), verb) }));
    const answers = await Promise.all(asked);
    return [subject.id, answers.filter(({ is }) => is).map(({ verb }) => verb)] as const;
  });
  return Object.fromEntries(await Promise.all(each));
}

async function refusedAmong(granted: readonly Granted[]): Promise<readonly Granted[]> {
  const answers = await Promise.all(
    granted.map(async ({ subject, ...each }) => reviewed(cluster, identityOf(subject), each)),
  );
  return granted.filter((_, at) => !answers[at]);
}

function isAllowed(who: ReturnType<typeof identityOf>, verb: SecretVerb): Promise<boolean> {
  const { namespace, secret } = question;
  const isNameless = verb === 'create' || verb === 'deletecollection';
  const about = { namespace, verb, resource: 'secrets' };
  return reviewed(cluster, who, isNameless ? about : { ...about, name: secret });
}
