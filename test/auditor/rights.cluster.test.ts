import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { heldBy } from '../../src/auditor/held.ts';
import { grantsOf, rows, type Right, type Row } from '../../src/auditor/rights.ts';
import { Secret } from '../../src/base/secret.ts';
import { startControlPlane, type ControlPlane } from '../sandbox/cluster/control-plane.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { untilRbacCounts } from '../sandbox/cluster/until-rbac-counts.ts';
import { customKinds } from './fixtures/custom-kinds.ts';
import {
  account,
  can,
  clusterBinding,
  clusterRole,
  grant,
  parsed,
  type Written,
} from './fixtures/objects.ts';
import { indexOf } from './indexed.ts';
import { readRbac } from './live-rbac.ts';
import { anyRulesAround } from './random-rules.ts';
import { reviewed } from './reviewed.ts';
import { servedBy } from './served.ts';
import { subjectMatter, trials, type Actor, type Trial } from './trials.ts';

// Its own: what is bound here in the whole cluster would be seen by other tests.
let cluster: ControlPlane;

beforeAll(async () => {
  cluster = await startControlPlane({ say: () => undefined });
  await cluster.ensureNamespace('trials');
  const definitions = ['pipelines', 'credentials'].map((kind) =>
    readFile(new URL(`../../crds/lockkeeper.dev_${kind}.yaml`, import.meta.url), 'utf8'),
  );
  await cluster.applyYaml((await Promise.all(definitions)).join('\n---\n'));
  await apply(subjectMatter('trials'));
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await cluster.stop();
});

test('every right is spelt as the API server spells it, or as the project of a custom kind does', async () => {
  const served = await servedBy(cluster);
  const tried = new Set(trials.map(({ right }) => right));
  const own = new Set(await rightsOfKubelets());
  const unknown = rows
    .flatMap(spelt)
    .filter((right) => !served.has(right) && !tried.has(right) && !own.has(right));
  const ofCustomKinds = customKinds.flatMap((kind) =>
    ['create', 'patch', 'update'].map((verb) => `${verb} ${kind}`),
  );
  expect([...new Set(unknown)].toSorted()).toEqual(ofCustomKinds.toSorted());
});

test.each(trials)('the API server asks for $right', async (trial) => {
  const [verb = '', thing = ''] = trial.right.split(' ');
  const name = trial.right.replaceAll(/[^a-z]+/g, '-');
  const [able, unable] = [`${name}.able`, `${name}.unable`];
  const [first, second] = [`ServiceAccount trials/${able}`, `ServiceAccount trials/${unable}`];
  const role = clusterRole(`${name}.right`, can(verb, thing));
  expect(worthOf(role)).not.toEqual([]);
  await apply([
    account(`trials/${able}`),
    account(`trials/${unable}`),
    clusterRole(`${name}.beside`, ...trial.beside),
    clusterBinding(`${name}.beside`, `ClusterRole ${name}.beside`, first, second),
    role,
    clusterBinding(`${name}.right`, `ClusterRole ${name}.right`, first),
  ]);
  const [withIt, without] = await Promise.all([actorOf(able, trial), actorOf(unable, trial)]);
  await eventually(`${trial.right} is enough`, async () => (await trial.attempt(withIt)) < 300);
  // What both have is in force by now.
  expect(await trial.attempt(without)).toBe(403);
});

test('whatever the rules, the API server lets do what they are found to be worth, and nothing else', async () => {
  const samples = fc.sample(anyRulesAround, { numRuns: 30, seed: 1 });
  await apply(samples.flatMap((rules, at) => grant(`trials/random-${at}`, `User random-${at}`, ...rules)));
  await untilRbacCounts(cluster, { namespace: 'trials', clusterWide: true });
  const index = indexOf(await readRbac(cluster));
  const users = samples.map((_, at) => `random-${at}`);
  const found = users.map((user) => {
    const held = heldBy({ id: `User ${user}`, kind: 'User', name: user }, index, 'trials');
    return sampled.filter((right) => held.first(right, { name: 'web' }) !== undefined);
  });
  const allowed = await Promise.all(
    users.map(async (user) => {
      const answers = await Promise.all(sampled.map((right) => isLet(user, right)));
      return sampled.filter((_, at) => answers[at]);
    }),
  );
  expect(found.flat().length).toBeGreaterThan(30);
  expect(found).toEqual(allowed);
});

const sampled: readonly Right[] = [
  ...(['requestToken', 'impersonateAccount', 'enterPod', 'proxyNode', 'writeConfig'] as const),
  ...(['bindRole', 'escalateRole', 'writeRole', 'writeRoleBinding'] as const),
  ...(['requestCertificate', 'approveCertificate', 'enrolNode'] as const),
];

/** Whether a user may do one of the things that give a right, to what is named `web`. */
async function isLet(user: string, right: Right): Promise<boolean> {
  const each = rows
    .filter((row) => row.right === right)
    .flatMap(({ verbs = [], nameless = [], ...row }) => {
      const ask = (verb: string, name?: string): Promise<boolean> => {
        const { group, resource, subresource } = row;
        const about = { namespace: 'trials', verb, group, resource, subresource };
        return reviewed(cluster, { user, groups: [] }, name === undefined ? about : { ...about, name });
      };
      // Server-side apply asks for both by name where it makes something.
      const askToApply = async (): Promise<boolean> =>
        (await Promise.all([ask('create', 'web'), ask('patch', 'web')])).every(Boolean);
      return [
        ...verbs.map((verb) => ask(verb, 'web')),
        ...nameless.map((verb) => ask(verb)),
        ...(nameless.includes('create') ? [askToApply()] : []),
      ];
    });
  return (await Promise.all(each)).some(Boolean);
}

/** Each verb of a row, such as `create pods/exec`. */
function spelt({
  group,
  resource,
  subresource,
  verbs = [],
  nameless = [],
  either = [],
}: Row): readonly string[] {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return [...verbs, ...nameless, ...either].map(
    (verb) => `${verb} ${group === '' ? what : `${what}.${group}`}`,
  );
}

/** Kubernetes' own approver asks for it, which is not in the sandbox; the API server makes a role for it. */
async function rightsOfKubelets(): Promise<readonly string[]> {
  const name = 'system:certificates.k8s.io:certificatesigningrequests:nodeclient';
  const role = (await readRbac(cluster)).find(({ metadata }) => metadata.name === name);
  if (role?.kind !== 'ClusterRole') throw new Error(`there is no ClusterRole ${name}`);
  return role.rules.flatMap(({ verbs, resources, apiGroups: [group] }) =>
    verbs.flatMap((verb) => resources.map((resource) => `${verb} ${resource}.${group}`)),
  );
}

function worthOf(role: Written): readonly Right[] {
  const object = parsed({ ...role });
  return 'rules' in object ? [...grantsOf(object.rules).keys()] : [];
}

async function apply(objects: readonly object[]): Promise<void> {
  await cluster.applyYaml(objects.map((each) => JSON.stringify(each)).join('\n---\n'));
}

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });
const nodeAnswer = z.object({ metadata: z.object({ uid: z.string() }) });

async function actorOf(name: string, { node }: Trial): Promise<Actor> {
  const token = await tokenOf(name, node);
  return { namespace: 'trials', as: (headers) => cluster.as(token, headers) };
}

/** Of a service account; where there is a node, as Pods of that node have it. */
async function tokenOf(serviceAccount: string, node: string | undefined): Promise<Secret> {
  if (node === undefined) return cluster.requestToken({ namespace: 'trials', serviceAccount });
  const { uid } = nodeAnswer.parse((await cluster.api('GET', `/api/v1/nodes/${node}`)).body).metadata;
  const path = `/api/v1/namespaces/trials/serviceaccounts/${serviceAccount}/token`;
  const { body } = await cluster.api('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: node, uid } },
  });
  return new Secret(tokenAnswer.parse(body).status.token);
}
