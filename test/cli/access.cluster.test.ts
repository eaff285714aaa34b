import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { z } from 'zod';
import { Secret } from '../../src/base/secret.ts';
import { addMs, toTimestamp } from '../../src/base/time.ts';
import { renderChart, systemNamespace } from '../sandbox/chart.ts';
import { startControlPlane, type ControlPlane } from '../sandbox/cluster/control-plane.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { untilRbacCounts } from '../sandbox/cluster/until-rbac-counts.ts';
import { lockkeeper, type Ended } from './lockkeeper.ts';

// Of its own, since others would see bindings of the whole cluster.
let cluster: ControlPlane;
let folder: string;

beforeAll(async () => {
  cluster = await startControlPlane({ say: () => undefined });
  folder = await mkdtemp(join(tmpdir(), 'lockkeeper-access-'));
  const { helm } = await cluster.tools();
  const { objects } = await renderChart(helm, {});
  await cluster.ensureNamespace(systemNamespace);
  await apply(...objects.filter(({ kind }) => kind !== 'Deployment'));
}, 600_000); // the first start on a machine builds the servers

afterAll(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true });
});

const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
const roleRef = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });
const user = (name: string) => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });
const account = (namespace: string, name: string) => ({ kind: 'ServiceAccount', namespace, name });

async function apply(...objects: readonly object[]): Promise<void> {
  await cluster.applyYaml(
    objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n'),
  );
}

const secretIn = (namespace: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name },
  stringData: { token: 'canary' },
});

const credentialIn = (namespace: string) => ({
  apiVersion: 'lockkeeper.dev/v1alpha1',
  kind: 'Credential',
  metadata: { namespace, name: 'promoter' },
  spec: { host: 'github.com', repositories: ['acme/fleet'], token: { secretRef: { name: 'key' } } },
});

/** A role and who has it in a namespace. */
function grant(
  namespace: string,
  name: string,
  rules: readonly object[],
  ...subjects: readonly object[]
): object[] {
  const metadata = { namespace, name };
  return [
    { ...rbac, kind: 'Role', metadata, rules },
    { ...rbac, kind: 'RoleBinding', metadata, roleRef: roleRef('Role', name), subjects },
  ];
}

const readKey = { apiGroups: [''], resources: ['secrets'], resourceNames: ['key'], verbs: ['get'] };

/** Runs a command as somebody. */
async function as(token: Secret, ...args: readonly string[]): Promise<Ended> {
  const name = token.fingerprint().slice(0, 16);
  const kubeconfig = await cluster.kubeconfigFor({ token, folder, name });
  return await lockkeeper([...args, '--kubeconfig', kubeconfig]);
}

const asAdmin = (...args: readonly string[]): Promise<Ended> => as(cluster.adminToken, ...args);

/** Somebody who may do this in a namespace and nothing else. */
async function caller(namespace: string, rules: readonly object[]): Promise<Secret> {
  await apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'caller' } },
    ...grant(namespace, 'caller', rules, account(namespace, 'caller')),
  );
  await untilRbacCounts(cluster, { namespace });
  return await cluster.requestToken({ namespace, serviceAccount: 'caller' });
}

const getCredentials = { apiGroups: ['lockkeeper.dev'], resources: ['credentials'], verbs: ['get'] };
const listRbac = {
  apiGroups: ['rbac.authorization.k8s.io'],
  resources: ['roles', 'rolebindings'],
  verbs: ['list'],
};

const shown = z.looseObject({
  verdict: z.string(),
  why: z.string(),
  auditor: z.unknown(),
  others: z.array(z.looseObject({ subject: z.string(), class: z.string(), via: z.string() })),
  notShown: z.array(z.string()),
});
const jsonOf = ({ stdout }: Ended): z.infer<typeof shown> => shown.parse(JSON.parse(stdout));

describe('lockkeeper access', () => {
  let namespace: string;
  let ci: string;
  beforeAll(async () => {
    namespace = await cluster.freshNamespace('access');
    ci = await cluster.freshNamespace('ci');
    await apply(
      credentialIn(namespace),
      ...grant(namespace, 'readers', [readKey], user('ada'), account(ci, 'runner')),
      ...grant(
        ci,
        'tokens',
        [{ apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] }],
        user('eve'),
      ),
      {
        ...rbac,
        kind: 'RoleBinding',
        metadata: { namespace, name: 'later' },
        roleRef: roleRef('Role', 'not-made'),
        subjects: [user('ada')],
      },
    );
  });

  test('shows everybody by name, and which way they take, to whoever may list all', async () => {
    const { code, stdout, stderr } = await asAdmin('access', 'promoter', '-n', namespace);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n').map((line) => line.replaceAll(/ {3,}/g, ' | '));
    expect(lines.slice(0, 6)).toEqual([
      `Secret ${namespace}/key, of Credential promoter: Shared (by all roles and bindings of the cluster)`,
      '',
      'SUBJECT | CLASS | VIA',
      `ServiceAccount ${ci}/runner | Read | RoleBinding ${namespace}/readers -> Role ${namespace}/readers -> get secrets named key`,
      `User ada | Read | RoleBinding ${namespace}/readers -> Role ${namespace}/readers -> get secrets named key`,
      expect.stringMatching(
        `^User eve \\| Read \\| RoleBinding ${ci}/tokens -> .*\\(I-2\\) -> ServiceAccount ${ci}/runner -> `,
      ),
    ]);
    expect(stdout).toMatch(/\n\nWho always can, and is not counted:\n {2}Group system:masters/);
    expect(stdout).toMatch(/\n\nWould count if their role were made:\n {2}.*later/);
    expect(stdout).not.toContain('Not shown');
  });

  test('says the same as JSON', async () => {
    const ended = await asAdmin('access', 'promoter', '-n', namespace, '-o', 'json');
    expect(jsonOf(ended)).toEqual({
      credential: { namespace, name: 'promoter' },
      secret: 'key',
      controller: { namespace: systemNamespace, name: 'lockkeeper-controller', from: 'Binding' },
      verdict: 'Shared',
      why: 'by all roles and bindings of the cluster',
      auditor: null,
      others: [
        {
          subject: `ServiceAccount ${ci}/runner`,
          kind: 'ServiceAccount',
          name: 'runner',
          namespace: ci,
          class: 'Read',
          via: expect.any(String),
          path: [`RoleBinding ${namespace}/readers`, `Role ${namespace}/readers`, 'get secrets named key'],
          verbs: ['get'],
        },
        expect.objectContaining({ subject: 'User ada', kind: 'User', class: 'Read' }),
        expect.objectContaining({ subject: 'User eve', verbs: [] }),
      ],
      trusted: [],
      baseline: expect.arrayContaining([expect.stringContaining('system:masters')]),
      dormant: [expect.stringContaining('later')],
      notShown: [],
    });
  });

  test('takes another controller for the one that may', async () => {
    const flags = ['--controller-namespace', ci, '--controller-service-account', 'runner'];
    const ended = await asAdmin('access', 'promoter', '-n', namespace, '-o', 'json', ...flags);
    const subjects = jsonOf(ended).others.map(({ subject }) => subject);
    expect(subjects).toContain('User ada');
    expect(subjects).not.toContain(`ServiceAccount ${ci}/runner`);
  });

  test('does not count whom one trusts, and shows them all the same', async () => {
    const flags = ['--trusted', `ServiceAccount ${ci}/runner`, '--trusted', 'User ada'];
    const { stdout } = await asAdmin('access', 'promoter', '-n', namespace, ...flags);
    expect(stdout).toMatch(/^SUBJECT +CLASS +VIA\nUser eve .*\n\nWho always can/m);
    for (const each of [`ServiceAccount ${ci}/runner`, 'User ada'])
      expect(stdout).toContain(`\n  Trusted by the operator: ${each}\n`);
    const ended = await asAdmin('access', 'promoter', '-n', namespace, '-o', 'json', ...flags);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      verdict: 'Shared',
      others: [{ subject: 'User eve' }],
      trusted: [{ subject: `ServiceAccount ${ci}/runner`, class: 'Read' }, { subject: 'User ada' }],
    });
  });

  test('counts who writes what Flux applies, unless one says that it is locked down', async () => {
    const [shop, flux, team] = [
      await cluster.freshNamespace('shop'),
      await cluster.freshNamespace('flux'),
      await cluster.freshNamespace('team'),
    ];
    const releases = {
      apiGroups: ['helm.toolkit.fluxcd.io'],
      resources: ['helmreleases'],
      verbs: ['create'],
    };
    await apply(
      credentialIn(shop),
      ...grant(shop, 'readers', [readKey], account(flux, 'helm-controller')),
      ...grant(team, 'releases', [releases], user('fay')),
    );
    const subjects = async (...flags: readonly string[]) => {
      const ended = await asAdmin('access', 'promoter', '-n', shop, '-o', 'json', ...flags);
      return jsonOf(ended).others.map(({ subject }) => subject);
    };
    const helm = `ServiceAccount ${flux}/helm-controller`;
    expect(await subjects()).toEqual([helm, 'User fay']);
    expect(await subjects('--flux-locked-down')).toEqual([helm]);
  });

  test('refuses to trust everybody', async () => {
    expect(
      await asAdmin('access', 'promoter', '-n', namespace, '--trusted', 'Group system:authenticated'),
    ).toMatchObject({ code: 2, stderr: expect.stringContaining('is everybody: trust those whom you mean') });
  });

  test('shows what its caller may list, says what they may not, and that it may be worse', async () => {
    const token = await caller(namespace, [getCredentials, listRbac]);
    const ended = await as(token, 'access', 'promoter', '-n', namespace, '-o', 'json');
    expect(jsonOf(ended)).toMatchObject({
      verdict: 'Shared',
      why: 'by what you may list, which is not all',
      dormant: [],
      notShown: [
        'clusterroles',
        'clusterrolebindings',
        `roles of ${systemNamespace}`,
        'roles of other namespaces',
        `rolebindings of ${systemNamespace}`,
        'rolebindings of other namespaces',
      ],
    });
    const subjects = jsonOf(ended).others.map(({ subject }) => subject);
    expect(subjects).toEqual([`ServiceAccount ${ci}/runner`, 'User ada']);
    const { stdout } = await as(token, 'access', 'promoter', '-n', namespace);
    expect(stdout).toMatch(/\n\nNot shown, since you may not list them:\n {2}clusterroles\n/);
  });

  test('gives the word of the auditor where its caller may not list all', async () => {
    const token = await caller(namespace, [getCredentials, listRbac]);
    const checkedTime = toTimestamp(new Date());
    const access = {
      verdict: 'Exposed',
      secret: 'key',
      checkedTime,
      message: 'anybody can',
      others: 1,
      elsewhere: 0,
      paths: [],
      baseline: [],
    };
    const auditor = cluster.as(
      await cluster.requestToken({ namespace: systemNamespace, serviceAccount: 'lockkeeper-auditor' }),
    );
    const status = async (value: unknown) => {
      const path = `/apis/lockkeeper.dev/v1alpha1/namespaces/${namespace}/credentials/promoter/status`;
      const answer = await auditor.api('PATCH', path, { status: value }, 'application/merge-patch+json');
      expect(answer.status).toBe(200);
    };
    await status({ access });
    const ask = async (who: Secret) =>
      jsonOf(await as(who, 'access', 'promoter', '-n', namespace, '-o', 'json'));
    expect(await ask(token)).toMatchObject({
      verdict: 'Exposed',
      why: `says the auditor, at ${checkedTime}; you may not list all of it`,
      auditor: { verdict: 'Exposed', checkedTime, message: access.message, disbelief: null },
    });
    // It may have been told to trust somebody, of which nobody else hears.
    expect(await ask(cluster.adminToken)).toMatchObject({
      verdict: 'Shared',
      why: `by all roles and bindings of the cluster; the auditor said Exposed at ${checkedTime}: since then roles or bindings may have changed, or it was told otherwise by --trusted or --flux-locked-down`,
    });
    await status({ access: { ...access, verdict: 'Shared' } });
    expect(await ask(cluster.adminToken)).toMatchObject({ why: 'by all roles and bindings of the cluster' });
    // What the API server decides otherwise than by its rules nobody sees in the rules.
    await status({ access: { ...access, verdict: 'Unknown', message: 'another authorizer' } });
    expect(await ask(cluster.adminToken)).toMatchObject({
      verdict: 'Unknown',
      why: 'says the auditor: another authorizer',
    });
    // Nobody believes what has not been looked at for three hours.
    const longAgo = toTimestamp(addMs(new Date(), -4 * 3_600_000));
    await status({ access: { ...access, verdict: 'Unknown', checkedTime: longAgo } });
    for (const who of [token, cluster.adminToken])
      expect(await ask(who)).toMatchObject({
        verdict: 'Shared',
        auditor: { disbelief: expect.stringContaining(`since ${longAgo}`) },
      });
    await status(null);
  });
});

describe('what is wrong is told in a sentence that says what to do', () => {
  test.each(['access', 'rbac'])('by %s, of a Credential that there is not', async (command) => {
    expect(await asAdmin(command, 'nobody', '-n', 'default')).toEqual({
      code: 1,
      stdout: '',
      stderr: `lockkeeper ${command}: there is no Credential nobody in namespace default; kubectl get credentials -A shows which there are\n`,
    });
  });

  test.each(['access', 'rbac'])('by %s, of a right that its caller has not', async (command) => {
    const namespace = await cluster.freshNamespace('norights');
    const token = await caller(namespace, []);
    expect(await as(token, command, 'promoter', '-n', namespace)).toEqual({
      code: 1,
      stdout: '',
      stderr: `lockkeeper ${command}: you may not get Credential ${namespace}/promoter; ask for the verb get on credentials.lockkeeper.dev in namespace ${namespace}\n`,
    });
  });

  test('of a token that the cluster does not know', async () => {
    const { code, stderr } = await as(new Secret('nobody'), 'access', 'promoter', '-n', 'default');
    expect([code, stderr]).toEqual([
      1,
      `lockkeeper access: the cluster at ${cluster.server} does not know who you are; renew the token or certificate of your kubeconfig\n`,
    ]);
  });

  test('of a cluster that does not answer', async () => {
    const file = join(folder, 'away.kubeconfig');
    await writeFile(
      file,
      JSON.stringify({
        'current-context': 'away',
        contexts: [{ name: 'away', context: { cluster: 'away', user: 'away' } }],
        clusters: [
          {
            name: 'away',
            cluster: { server: 'https://127.0.0.1:1', 'certificate-authority-data': cluster.caData },
          },
        ],
        users: [{ name: 'away', user: { token: 'canary' } }],
      }),
    );
    expect(await lockkeeper(['access', 'promoter', '-n', 'apps'], { env: { KUBECONFIG: file } })).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'lockkeeper access: the cluster at https://127.0.0.1:1 does not answer (ECONNREFUSED); see whether it runs and whether this is the right context\n',
    });
  });

  test.each<[string, readonly string[], Record<string, string>, RegExp]>([
    [
      'no cluster at all',
      ['-n', 'apps'],
      {},
      /^lockkeeper access: there is no cluster to ask: give --kubeconfig FILE or set KUBECONFIG\n$/,
    ],
    [
      'several kubeconfigs',
      ['-n', 'apps'],
      { KUBECONFIG: '/a:/b' },
      /names several files, which are not merged here/,
    ],
    [
      'no namespace, and a format that there is not',
      ['-o', 'yaml'],
      {},
      /2 mistake\(s\) in its flags:\n {2}say in which namespace it is: -n NAMESPACE\n {2}--output: .*\nSee: lockkeeper access --help\n$/,
    ],
  ])('of %s', async (_, args, env, words) => {
    const { code, stdout, stderr } = await lockkeeper(['access', 'promoter', ...args], { env });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(words);
  });
});

test('what lockkeeper rbac prints, once applied, lets the controller get that one Secret', async () => {
  const namespace = await cluster.freshNamespace('rbac');
  await apply(credentialIn(namespace), secretIn(namespace, 'key'), secretIn(namespace, 'other'));
  const token = await cluster.requestToken({
    namespace: systemNamespace,
    serviceAccount: 'lockkeeper-controller',
  });
  const answers = async (): Promise<number[]> => {
    const paths = ['secrets/key', 'secrets/other', 'secrets', 'secrets?fieldSelector=metadata.name=key'];
    const all = await Promise.all(
      paths.map((path) => cluster.as(token).api('GET', `/api/v1/namespaces/${namespace}/${path}`)),
    );
    return all.map(({ status }) => status);
  };
  expect(await answers()).toEqual([403, 403, 403, 403]);
  const { stdout, stderr } = await asAdmin('rbac', 'promoter', '-n', namespace);
  expect(stderr).toBe('');
  expect(await cluster.kubectl(['apply', '-f', '-'], { stdin: stdout })).toMatchObject({ code: 0 });
  // The API server hears of a binding in a moment.
  await eventually('it may get the Secret', async () => (await answers())[0] === 200);
  expect(await answers()).toEqual([200, 403, 403, 403]);
});

describe('the controller of a release in another namespace', () => {
  let namespace: string;
  let platform: string;
  const wide = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/lockkeeper-controller';
  const bindTo = async (...subjects: readonly object[]) => {
    const answer = await cluster.api('PATCH', wide, { subjects }, 'application/merge-patch+json');
    expect(answer.status).toBe(200);
  };
  beforeAll(async () => {
    namespace = await cluster.freshNamespace('apart');
    platform = await cluster.freshNamespace('platform');
    await apply(
      credentialIn(namespace),
      ...grant(namespace, 'keeper', [readKey], account(platform, 'lockkeeper-controller')),
    );
    await bindTo(account(platform, 'lockkeeper-controller'));
  });
  afterAll(() => bindTo(account(systemNamespace, 'lockkeeper-controller')));

  const assumed = `Taken for the controller: ServiceAccount ${systemNamespace}/lockkeeper-controller. If it runs as another, give --controller-namespace and --controller-service-account.`;

  test('is found by lockkeeper rbac, and by lockkeeper access, which does not count it', async () => {
    const { stdout } = await asAdmin('rbac', 'promoter', '-n', namespace);
    expect(stdout).toMatch(new RegExp(`^# Lets ${platform}/lockkeeper-controller get Secret`));
    expect(stdout).toContain(`    namespace: ${platform}\n`);
    const shownTo = await asAdmin('access', 'promoter', '-n', namespace, '-o', 'json');
    expect(JSON.parse(shownTo.stdout)).toMatchObject({
      controller: { namespace: platform, name: 'lockkeeper-controller', from: 'Binding' },
      others: [],
    });
    expect((await asAdmin('access', 'promoter', '-n', namespace)).stdout).not.toContain('Taken for');
  });

  test('is what a flag says, to whoever may not look; without one it is said who was taken for it', async () => {
    const token = await caller(namespace, [getCredentials, listRbac]);
    const flag = ['--controller-namespace', platform];
    const subjectsOf = async (...flags: readonly string[]) => {
      const ended = await as(token, 'access', 'promoter', '-n', namespace, '-o', 'json', ...flags);
      return jsonOf(ended).others.map(({ subject }) => subject);
    };
    expect(await subjectsOf()).toEqual([`ServiceAccount ${platform}/lockkeeper-controller`]);
    expect(await subjectsOf(...flag)).toEqual([]);
    for (const [command, line] of [
      ['access', `\n${assumed}\n`],
      ['rbac', `# ${assumed}\n`],
    ] as const) {
      const run = async (...flags: readonly string[]) =>
        (await as(token, command, 'promoter', '-n', namespace, ...flags)).stdout;
      expect(await run()).toContain(line);
      expect(await run(...flag)).not.toContain('Taken for');
    }
  });

  test('is not guessed where a binding names several', async () => {
    await bindTo(account(platform, 'lockkeeper-controller'), account(namespace, 'caller'));
    expect((await asAdmin('rbac', 'promoter', '-n', namespace)).stdout).toContain(`# ${assumed}\n`);
  });
});
