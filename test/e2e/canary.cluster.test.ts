import { randomBytes } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { z } from 'zod';
import { Secret } from '../../src/base/secret.ts';
import { systemNamespace } from '../sandbox/chart.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { untilRbacCounts } from '../sandbox/cluster/until-rbac-counts.ts';
import type { Fault } from '../sandbox/forge/faults.ts';
import { credentialName } from './objects.ts';
import { outputsOf } from './outputs.ts';
import { startScene, type Scene, type Stage } from './scene.ts';
import { SecretPieces, type Leak } from './secret-pieces.ts';

/** A run in which all goes wrong that has to do with credentials, at the log level that tells most; then a search for every one of them. */
let scene: Scene;
let app: Stage;
let bot: Stage;
/** What the controllers had from the API server to show who they are, in the order in which they got it. */
const accountTokens: string[] = ['rubbish-token-Zq8Wn4Xv7Rb2Kd9Ty5'];

/** In no Secret: whoever has it was told of it by the API server. */
const echoed = `ghp_${randomBytes(27).toString('hex').slice(0, 36)}`;

beforeAll(async () => {
  scene = await startScene({ values: { logLevel: 'debug' } });
  await noteAccountToken();
  app = await scene.stage('canary-app');
  bot = await scene.stage('canary-token', { credential: 'token' });
  await aSecretStandsInAnAnnotation();
  await theForgeFails();
  await theForgeRepeatsWhatItWasShown();
  await theSecretsHoldSomethingElse();
  await theForgeTakesTheCredentialsNoMore();
  await theControllerMayNotReadTheSecret();
  await theApiServerRefusesTheController();
}, 300_000);
afterAll(async () => await scene.stop({ planted: true }));

async function noteAccountToken(): Promise<void> {
  const folder = dirname(scene.world.controller?.logFile ?? '');
  accountTokens.push(await readFile(join(folder, 'serviceaccount', 'token'), 'utf8'));
}

/** As kubectl leaves it there of everything that was ever applied. */
async function aSecretStandsInAnAnnotation(): Promise<void> {
  const path = '/apis/lockkeeper.dev/v1alpha1/namespaces/canary-app/pipelines/podinfo';
  const { body } = await scene.world.cluster.api('GET', path);
  const pipeline = z.looseObject({ metadata: z.looseObject({}) }).parse(body);
  const annotations = {
    'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: { token: echoed } }),
  };
  const { status } = await scene.world.cluster.api('PUT', path, {
    ...pipeline,
    metadata: { ...pipeline.metadata, annotations },
  });
  expect(status).toBe(200);
}

async function isProposed(stage: Stage, version: string): Promise<void> {
  await stage.eventually(
    `${version} is proposed`,
    ({ promotion }) => promotion?.phase === 'Proposed' && promotion.revision.version === version,
    60_000,
  );
}

async function says(stage: Stage, reason: string): Promise<void> {
  await stage.eventually(`it says ${reason}`, ({ waiting }) => waiting?.reason === reason, 30_000);
}

async function theForgeFails(): Promise<void> {
  const { faults } = scene.world.forge;
  faults.freshTokens = { uses: 1, status: 401 };
  faults.add(
    { credential: 'app', effect: { kind: 'status', status: 500 } },
    { route: 'POST /repos/{owner}/{repo}/git/commits', effect: { kind: 'lostAnswer' } },
    { graphql: 'updateRefs', effect: { kind: 'lostAnswer' } },
    { route: 'POST /repos/{owner}/{repo}/pulls', effect: { kind: 'lostAnswer' } },
    { route: 'DELETE /installation/token', effect: { kind: 'lostRequest' } },
  );
  await Promise.all([app, bot].map((stage) => stage.release('6.2.0')));
  await Promise.all([app, bot].map((stage) => isProposed(stage, '6.2.0')));
  faults.clear();
}

async function theForgeRepeatsWhatItWasShown(): Promise<void> {
  const { faults } = scene.world.forge;
  const [jwt = ''] = app.app.jwts;
  const { token = '' } = bot.secretData;
  const refuse = (route: string, status: number, message: string): Fault => ({
    route: `POST /repos/{owner}/{repo}/git/${route}`,
    effect: { kind: 'status', status, message },
  });
  await theForgeSays(app, '6.2.1', refuse('trees', 422, `who is ${jwt}`));
  await theForgeSays(bot, '6.2.1', refuse('trees', 422, `${token} may not`));
  await theForgeSays(bot, '6.2.2', refuse('commits', 409, `${token.slice(6, 30)} is away`));
  await theForgeSays(bot, '6.2.3', refuse('trees', 403, `Resource not accessible by ${token}`));
  faults.clear();
}

/** What status quoted of it stands in an Event after that. */
async function theForgeSays(stage: Stage, version: string, fault: Fault): Promise<void> {
  scene.world.forge.faults.add(fault);
  await stage.release(version);
  await isProposed(stage, version);
}

async function theSecretsHoldSomethingElse(): Promise<void> {
  const { appId = '', privateKey = '' } = app.secretData;
  const { token = '' } = bot.secretData;
  // Keys mixed up, and a line of the file left out.
  await app.putSecret({ appId: privateKey, privateKey: appId });
  await bot.putSecret({ token: `token: ${token}` });
  await Promise.all([app, bot].map((stage) => stage.release('6.3.0')));
  await Promise.all([app, bot].map((stage) => says(stage, 'Malformed')));
  await app.putSecret({ appId, privateKey: privateKey.split('\n').toSpliced(3, 1).join('\n') });
  await app.eventually(
    'the key is no key',
    ({ waiting }) => waiting?.message.includes('privateKey') === true,
  );
  await Promise.all([app, bot].map((stage) => stage.putSecret(stage.secretData)));
  await Promise.all([app, bot].map((stage) => isProposed(stage, '6.3.0')));
}

async function theForgeTakesTheCredentialsNoMore(): Promise<void> {
  scene.world.forge.revokeToken(bot.secretData['token'] ?? '');
  const keys = app.app.publicKeys.splice(0);
  for (const token of scene.world.forge.world.credentials.tokens()) token.revoked = true;
  await Promise.all([app, bot].map((stage) => stage.release('6.4.0')));
  await Promise.all([app, bot].map((stage) => says(stage, 'Revoked')));
  app.app.publicKeys.push(...keys);
  await bot.putSecret({ token: bot.newToken() });
  await Promise.all([app, bot].map((stage) => isProposed(stage, '6.4.0')));
}

async function theControllerMayNotReadTheSecret(): Promise<void> {
  const binding = '/apis/rbac.authorization.k8s.io/v1/namespaces/canary-app/rolebindings/lockkeeper-promoter';
  await app.delete(binding);
  await untilRbacCounts(scene.world.cluster, { namespace: 'canary-app' });
  await app.release('6.5.0');
  await says(app, 'AccessDenied');
}

/** Its account is made anew while the API server is away: what it has, and then what it finds in the file, is worth nothing. */
async function theApiServerRefusesTheController(): Promise<void> {
  const { cluster, controller, chart } = scene.world;
  const account = chart.objects.find(
    (object) =>
      object['kind'] === 'ServiceAccount' && JSON.stringify(object).includes('"lockkeeper-controller"'),
  );
  await app.delete(`/api/v1/namespaces/${systemNamespace}/serviceaccounts/lockkeeper-controller`);
  await cluster.applyYaml(stringify(account));
  await controller?.rotateToken(new Secret(accountTokens[0] ?? ''));
  await cluster.kill('kube-apiserver');
  await cluster.restart('kube-apiserver');
  await eventually(
    'the log tells of it',
    async () => /"what":"pipelines","err":\{[^}]*"code":"Unauthorized"/.test((await controller?.log()) ?? ''),
    { deadlineMs: 30_000 },
  );
  await scene.world.restartController();
  await noteAccountToken();
  await bot.release('6.5.0');
  await isProposed(bot, '6.5.0');
}

/** Every secret that there was, by a name that tells which. */
function secrets(): (readonly [string, string])[] {
  return [
    ...app.secrets.map(([name, value]) => [`app ${name}`, value] as const),
    ...bot.secrets.map(([name, value]) => [`bot ${name}`, value] as const),
    ...accountTokens.map((value, index) => [`account token ${index}`, value] as const),
    ['unused key', scene.world.app.privateKey],
  ];
}

async function leaks(pieces: SecretPieces): Promise<Leak[]> {
  return (await outputsOf(scene.world)).flatMap(({ where, text }) => pieces.findIn(where, text));
}

test('no log, object, Event, page or commit holds a piece of a secret after all that can go wrong', async () => {
  const all = secrets();
  const kinds = new Set(all.map(([name]) => name.replace(/ \d+$/, '')));
  expect(kinds).toEqual(
    new Set(['app token', 'app JWT', 'app private key', 'bot token', 'account token', 'unused key']),
  );
  expect(await leaks(new SecretPieces(all))).toEqual([]);
  // What went wrong did so where the secrets were: in calls to the forge and to the API server.
  const outputs = await outputsOf(scene.world);
  const log = outputs.filter(({ where }) => where.startsWith('log')).map(({ text }) => text);
  for (const outcome of ['ok', 'Unauthorized', 'PermissionsMissing', 'Refused', 'Conflict', 'Unavailable']) {
    expect(log.join('')).toContain(`"outcome":"${outcome}"`);
  }
});

test('what stands in an annotation of an object is told nowhere else', async () => {
  const pieces = new SecretPieces([['the annotation', echoed]]);
  expect((await leaks(pieces)).map(({ where }) => where)).toEqual(['object Pipeline canary-app/podinfo']);
});

test('the search has looked at metrics, health, arguments and environment', async () => {
  const outputs = new Map((await outputsOf(scene.world)).map(({ where, text }) => [where, text]));
  expect(outputs.get('answer /metrics')).toContain('lockkeeper_forge_call');
  expect(outputs.get('answer /readyz?verbose')).toContain('cache-pipelines');
  expect(outputs.get('answer /elsewhere')).toContain('not found');
  expect(outputs.get('process args')).toContain('controller');
  expect(outputs.get('process environment')).toContain('PATH=');
});

test('what is planted in any of these places is found there', async () => {
  const { cluster, forge, controller } = scene.world;
  const all = secrets();
  // The ends of tokens: their beginnings are alike.
  const endOf = (name: string): string =>
    all
      .find(([each]) => each === name)?.[1]
      .trim()
      .slice(-100) ?? '';
  const token = endOf('bot token 0');
  await appendFile(controller?.logFile ?? '', `{"msg":"got ${endOf('account token 1').slice(-12)}"}\n`);
  const metadata = { name: 'planted', namespace: 'default' };
  const key = Buffer.from(`key=${endOf('app private key').slice(0, 30)}`).toString('base64');
  await app.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { key } });
  await app.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: credentialName, namespace: 'canary-app', annotations: { token } },
  });
  await cluster.api('POST', '/api/v1/namespaces/default/events', {
    metadata,
    involvedObject: { kind: 'Namespace', name: 'default', namespace: 'default' },
    message: `refused ${endOf('app JWT 0').slice(20, 32)}`,
  });
  const [pullRequest] = bot.proposal.pullRequests;
  if (pullRequest !== undefined) pullRequest.body = `see https://x:${encodeURIComponent(token)}@github.com`;
  await app.commit({ '.netrc': `password ${endOf('app token 0')}` }, 'forgotten');
  await forge.deleteBranch(app.repository, 'forgotten');

  const found = await leaks(new SecretPieces(all));
  expect(new Set(found.map(({ secret, where }) => `${secret} in ${where}`))).toEqual(
    new Set([
      'account token 1 in log controller-2',
      'app private key in object ConfigMap default/planted',
      'bot token 0 in object Secret canary-app/promoter',
      'app JWT 0 in object Event default/planted',
      'bot token 0 in page /acme/canary-token/pull/1',
      'app token 0 in git acme/canary-app',
    ]),
  );
});
