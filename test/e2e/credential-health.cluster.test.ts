import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CredentialStatus } from '../../src/api/credential.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { readCredentials, readPipelineStatus } from '../sandbox/pipeline-view.ts';
import { endure, mistakeTimeoutMs, type Mistake } from './bad-input.ts';
import { credentialName, credentialObject, pipelineObject } from './objects.ts';
import { startScene, type Scene, type Stage } from './scene.ts';

let scene: Scene;
beforeAll(async () => void (scene = await startScene()), 180_000);
afterAll(async () => await scene.stop());

const timeoutMs = 180_000;

/** The status of the stage's Credential as soon as it `holds`. */
async function credential(
  { world, namespace }: Stage,
  holds: (status: CredentialStatus) => boolean,
  name = credentialName,
): Promise<CredentialStatus> {
  let found: CredentialStatus | undefined;
  try {
    await eventually(
      `${namespace}: Credential ${name}`,
      async () => {
        const all = await readCredentials(world.cluster, namespace);
        found = all.find((each) => each.name === name)?.status;
        return found !== undefined && holds(found);
      },
      { deadlineMs: 130_000 },
    );
  } catch (cause) {
    throw new Error(`${String(cause)}; it says ${JSON.stringify(found)}`, { cause });
  }
  if (found === undefined) throw new Error('there is no status');
  return found;
}

function ready({ conditions }: CredentialStatus): string {
  const condition = conditions?.find(({ type }) => type === 'Ready');
  return `${condition?.status} ${condition?.reason}: ${condition?.message}`;
}

async function proposed(stage: Stage): Promise<void> {
  await stage.eventually('its pull request is open', ({ promotion }) => promotion?.phase === 'Proposed');
}

async function described({ world, namespace }: Stage, kind: string, name: string): Promise<string> {
  const { stdout } = await world.cluster.kubectl(['describe', kind, name, '-n', namespace]);
  return stdout;
}

test.concurrent(
  'kubectl describe of a Credential whose token was revoked, and of its Pipeline, tells what happened and what to do',
  async () => {
    const stage = await scene.stage('describe-revoked', { credential: 'token' });
    await stage.release();
    await proposed(stage);
    stage.world.forge.revokeToken(stage.secretData['token'] ?? '');
    await stage.release('6.3.0');
    await credential(stage, (status) => ready(status).startsWith('False Revoked'));
    await eventually(
      'the Pipeline says it too',
      async () =>
        /CredentialHealthy/.test(await described(stage, 'pipeline', 'podinfo')) &&
        /Revoked/.test(await described(stage, 'pipeline', 'podinfo')),
    );
    const sentence = /github\.com does not accept the token: it is wrong, expired or revoked; replace it/;
    await eventually('an Event says it', async () =>
      /Events:[^]*Warning\s+Revoked/.test(await described(stage, 'credential', credentialName)),
    );
    await eventually('and one of the Pipeline', async () =>
      /Events:[^]*Warning\s+Revoked.*CredentialHealthy: github\.com does not accept/.test(
        await described(stage, 'pipeline', 'podinfo'),
      ),
    );
    const text = await described(stage, 'credential', credentialName);
    expect(text).toMatch(sentence);
    expect(text).toMatch(/Valid:\s+False/);
    expect(text).toMatch(new RegExp(`Login:\\s+${stage.login}`));
    expect(text).toMatch(
      /Appears As:\s+Pull requests and commits will appear to be from describe-revoked-bot/,
    );
    expect(text).toMatch(/Last Used:\s+By:\s+describe-revoked\/podinfo staging/);
    expect(await described(stage, 'pipeline', 'podinfo')).toMatch(sentence);
  },
  timeoutMs,
);

describe('what is too much or will end is a warning, and promotions go on:', () => {
  test.concurrent(
    'a classic token with repo that ends in ten days',
    async () => {
      const stage = await scene.stage('expiring', { credential: 'token' });
      const { forge } = stage.world;
      const ends = new Date(Math.floor(Date.now() / 1_000) * 1_000 + 10 * 86_400_000);
      await stage.putSecret({ token: forge.createToken(stage.login, ['repo'], ends) });
      // So that the Secret is looked at now.
      await stage.applyCredential({ repositories: [stage.repository, 'acme/other'] });
      const status = await credential(stage, (seen) => ready(seen).startsWith('True Expiring'));
      const time = `${ends.toISOString().slice(0, 19)}Z`;
      expect(ready(status)).toBe(
        `True Expiring: it ends at ${time}, in less than 14 days; put a new one into the Secret`,
      );
      expect(status).toMatchObject({ valid: 'True', expiryTime: time, scope: { verdict: 'Broad' } });
      await stage.release();
      await proposed(stage);
    },
    timeoutMs,
  );

  test.concurrent(
    'an App that is installed on all repositories',
    async () => {
      const stage = await scene.stage('broad-installation');
      stage.installation.repositories = undefined;
      await stage.world.forge.createRepository('acme/beyond', { 'README.md': '' });
      await stage.applyCredential({ repositories: [stage.repository, 'acme/beyond'] });
      const status = await credential(stage, (seen) => ready(seen).startsWith('True BroadInstallation'));
      expect(status.scope).toMatchObject({ verdict: 'Broad', repositories: expect.any(Number) });
      expect(status.scope?.repositories).toBeGreaterThan(1);
      await stage.release();
      await proposed(stage);
    },
    timeoutMs,
  );
});

test.concurrent(
  'two Credentials on one Secret each say all, and what they are for is still asked of each',
  async () => {
    const stage = await scene.stage('one-secret');
    const { metadata, ...second } = credentialObject('one-secret', 'githubApp', {
      repositories: ['acme/elsewhere'],
    }) as { metadata: object }; // of that function
    await stage.apply({ ...second, metadata: { ...metadata, name: 'second' } });
    const first = await credential(stage, (seen) => ready(seen).startsWith('True'));
    const other = await credential(stage, (seen) => ready(seen).startsWith('False'), 'second');
    expect(other.owner).toEqual(first.owner);
    expect(ready(other)).toMatch(/^False NotInstalled/);
    await stage.release();
    await proposed(stage);
    const used = await credential(stage, ({ lastUsed }) => lastUsed !== undefined);
    expect(used.lastUsed).toMatchObject({ by: 'one-secret/podinfo staging', source: 'Controller' });
    expect((await credential(stage, () => true, 'second')).lastUsed).toBeUndefined();
  },
  timeoutMs,
);

test.concurrent(
  'a Credential that is deleted while in use stops its Pipeline, and one that comes again lets it go on',
  async () => {
    const stage = await scene.stage('deleted-in-use');
    await stage.delete(
      `/apis/lockkeeper.dev/v1alpha1/namespaces/deleted-in-use/credentials/${credentialName}`,
    );
    await stage.release();
    await stage.eventually('it says so', ({ waiting }) => waiting?.reason === 'CredentialNotFound');
    const status = await readPipelineStatus(stage.world.cluster, stage.namespace, 'podinfo');
    expect(status?.conditions?.find(({ type }) => type === 'CredentialHealthy')).toMatchObject({
      status: 'False',
      reason: 'CredentialNotFound',
    });
    await stage.applyCredential();
    await proposed(stage);
    expect(stage.proposal.pullRequests).toHaveLength(1);
  },
  timeoutMs,
);

test.concurrent(
  'a token is changed with no restart: the next promotion is made with the new one, and nothing with the old',
  async () => {
    const stage = await scene.stage('rotated', { credential: 'token' });
    const before = await credential(stage, ({ tokenHash }) => tokenHash !== undefined);
    const { forge } = stage.world;
    const next = stage.newToken();
    await stage.putSecret({ username: stage.login, password: `${next}\n` });
    forge.revokeToken(stage.secretData['token'] ?? '');
    await stage.release();
    await stage.eventually(
      'its pull request is open',
      ({ promotion }) => promotion?.phase === 'Proposed',
      120_000,
    );
    const after = await credential(stage, ({ tokenHash }) => tokenHash !== before.tokenHash);
    expect(after).toMatchObject({ valid: 'True', owner: { login: stage.login } });
    expect(stage.proposal.pullRequests).toHaveLength(1);
  },
  timeoutMs,
);

test.concurrent(
  'one use writes the one Credential and the one Pipeline, and no other Pipeline of the Credential',
  async () => {
    const stage = await scene.stage('no-fan-out');
    const { cluster } = stage.world;
    const pipelines = '/apis/lockkeeper.dev/v1alpha1/namespaces/no-fan-out/pipelines';
    const other = pipelineObject('no-fan-out') as { metadata: object; spec: { appRef: object } }; // of that function
    await stage.apply({
      ...other,
      metadata: { ...other.metadata, name: 'other' },
      spec: { ...other.spec, appRef: { ...other.spec.appRef, name: 'absent' } },
    });
    const version = async (): Promise<string> => {
      const { body } = await cluster.api<{ metadata: { resourceVersion: string } }>(
        'GET',
        `${pipelines}/other`,
      );
      return body.metadata.resourceVersion;
    };
    await eventually('the other one says whose credential it would use', async () => {
      const status = await readPipelineStatus(cluster, 'no-fan-out', 'other');
      return status?.credential?.valid === 'True';
    });
    const before = await version();
    await stage.release();
    await proposed(stage);
    await credential(stage, ({ lastUsed }) => lastUsed?.by === 'no-fan-out/podinfo staging');
    await eventually('the Pipeline shows the use', async () => {
      const status = await readPipelineStatus(cluster, 'no-fan-out', 'podinfo');
      return status?.credential?.lastUsed !== undefined;
    });
    expect(await version()).toBe(before);
  },
  timeoutMs,
);

test.concurrent(
  "the Pipeline's own summary of its credential says whose it is, whether it works and who else can take it",
  async () => {
    const stage = await scene.stage('summary');
    await stage.release();
    await proposed(stage);
    await eventually('the summary says when', async () => {
      const status = await readPipelineStatus(stage.world.cluster, 'summary', 'podinfo');
      return status?.credential?.lastUsed !== undefined && status.credential.valid === 'True';
    });
    const status = await readPipelineStatus(stage.world.cluster, 'summary', 'podinfo');
    expect(status?.credential).toMatchObject({
      name: credentialName,
      owner: stage.login,
      valid: 'True',
      access: 'Unknown',
    });
    expect(status?.conditions?.find(({ type }) => type === 'CredentialExclusive')).toMatchObject({
      status: 'Unknown',
      reason: 'Unknown',
      message: 'no auditor has looked who else can reach the Secret; run one (chart value auditor.enabled)',
    });
  },
  timeoutMs,
);

const mistakes: readonly Mistake[] = [
  {
    when: "the key is another App's",
    namespace: 'foreign-key',
    spoil: async (stage) => {
      const { forge } = stage.world;
      const { privateKey } = forge.createApp({
        slug: 'stranger',
        owner: 'acme',
        permissions: { contents: 'write', pull_requests: 'write', metadata: 'read' },
      });
      await stage.putSecret({ ...stage.secretData, privateKey });
    },
    reason: 'Revoked',
    says: () =>
      "github.com does not accept the App's key; give the App's own appId and a private key that it still has",
    mend: (stage) => stage.putSecret(stage.secretData),
    recovery: 'asked',
  },
];

test.concurrent.each(mistakes)(
  'says what to do when $when, and goes on by itself when that is mended',
  async (mistake) => await endure(scene, mistake),
  mistakeTimeoutMs,
);
