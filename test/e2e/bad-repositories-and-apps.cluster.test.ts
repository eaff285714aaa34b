import { afterAll, beforeAll, test } from '@jest/globals';
import { historyOf, parseHelmRelease } from '../sandbox/flux/helm-release.ts';
import { endure, mistakeTimeoutMs, type Mistake } from './bad-input.ts';
import {
  environmentNamespace,
  marker,
  namespaceObject,
  releaseFile,
  releasePath,
  type EnvironmentName,
} from './objects.ts';
import { nextVersion, startScene, type Scene, type Stage } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
}, 180_000);
afterAll(async () => await scene.stop());

/** Puts a file of staging there, and takes it back. */
function file(text: (namespace: string) => string): Pick<Mistake, 'spoil' | 'mend' | 'recovery'> {
  return {
    spoil: (stage) => stage.commit({ [releasePath('staging')]: text(stage.namespace) }),
    mend: putBack,
    recovery: 'asked',
  };
}

async function putBack(stage: Stage): Promise<void> {
  await stage.commit({ [releasePath('staging')]: stage.files()[releasePath('staging')] });
}

const staging = (namespace: string, version: string): string => releaseFile(namespace, 'staging', version);

function releaseObject({ namespace }: Stage, environment: EnvironmentName): string {
  const within = environmentNamespace(namespace, environment);
  return `/apis/helm.toolkit.fluxcd.io/v2/namespaces/${within}/helmreleases/podinfo`;
}

/** Makes dev's app object say that it runs this. No chart has such a version, so it cannot be had by a release. */
async function claim(stage: Stage, version: string): Promise<void> {
  const { cluster } = stage.world;
  const path = releaseObject(stage, 'dev');
  const { body } = await cluster.api('GET', path);
  const release = parseHelmRelease(body);
  const history = historyOf(release.status).map((each) => ({ ...each, chartVersion: version }));
  const status = { ...release.status, history, lastAttemptedRevision: version };
  await cluster.api('PUT', `${path}/status`, { ...release, status });
}

/** Takes the repository away while dev's new version is on its way. */
async function loseRepository(stage: Stage): Promise<void> {
  const { world, deployer, namespace, repository } = stage;
  const { repositories } = world.forge.world;
  deployer.setFate(`${namespace}-dev/podinfo`, { kind: 'stuck' });
  await stage.release();
  await deployer.settled();
  await repositories.delete(repositories.require(repository));
  deployer.setFate(`${namespace}-dev/podinfo`, { kind: 'good' });
}

const ofRepository: readonly Mistake[] = [
  {
    when: 'the repository is gone',
    namespace: 'repository-gone',
    options: { credential: 'token' },
    release: loseRepository,
    reason: 'RepositoryNotFound',
    says: () =>
      'github.com shows no acme/repository-gone to this credential; check the name, and that the credential is for it',
    mend: (stage) => stage.createRepository(nextVersion),
    recovery: 'asked',
  },
  {
    // To an App the forge does not tell the one from the other.
    when: 'the repository is gone, and the App with it',
    namespace: 'repository-lost',
    release: loseRepository,
    reason: 'NotInstalled',
    says: () =>
      "github.com has the App at acme but not on acme/repository-lost; add the repository in the installation's settings, or correct the name",
    mend: (stage) => stage.createRepository(nextVersion),
    recovery: 'asked',
  },
  {
    when: 'the base branch is gone',
    namespace: 'branch-gone',
    options: { baseBranch: 'live' },
    spoil: ({ world, repository }) => world.forge.deleteBranch(repository, 'live'),
    reason: 'BaseBranchNotFound',
    says: () => 'github.com/acme/branch-gone has no branch live; create it or correct baseBranch',
    mend: (stage) => stage.commit(stage.files(), 'live'),
    recovery: 'asked',
  },
  {
    when: 'a path does not exist',
    namespace: 'path-gone',
    spoil: (stage) => stage.applyPipeline({ paths: ['clusters/staging'] }),
    reason: 'PathNotFound',
    says: () => 'main of github.com/acme/path-gone has nothing at clusters/staging; correct paths',
    mend: (stage) => stage.applyPipeline(),
    recovery: 'watched',
  },
];

const ofManifests: readonly Mistake[] = [
  {
    when: 'no file under the path has the marker',
    namespace: 'marker-missing',
    ...file((namespace) => staging(namespace, '6.1.0')),
    reason: 'MarkerNotFound',
    says: () =>
      'no # {"$promotion": "marker-missing:podinfo:staging"} in apps in github.com/acme/marker-missing; put it behind the version',
  },
  {
    when: 'a value has the markers of two Pipelines',
    namespace: 'markers-two',
    ...file((namespace) =>
      staging(namespace, `6.1.0 ${marker(namespace)}`).replace(
        '      version:',
        `      ${marker(namespace, 'other')}\n      version:`,
      ),
    ),
    reason: 'MarkersConflict',
    says: () => 'apps/staging.yaml:12: one value carries two different markers; keep one of them',
  },
  {
    when: 'the file is not YAML',
    namespace: 'file-not-yaml',
    ...file((namespace) => `${staging(namespace, `6.1.0 ${marker(namespace)}`)}  }: {{ oops\n`),
    reason: 'FileNotYaml',
    says: () =>
      'apps/staging.yaml:13: not YAML: Unexpected flow-map-end token in YAML stream; correct the file',
  },
  {
    when: 'the marker is on something that is not a scalar',
    namespace: 'marker-on-map',
    ...file((namespace) =>
      staging(namespace, '6.1.0').replace('    spec:\n', `    spec: ${marker(namespace)}\n`),
    ),
    reason: 'MarkerNotScalar',
    says: () => 'apps/staging.yaml:9: the marker stands behind no single value; move it behind the version',
  },
];

const ofApps: readonly Mistake[] = [
  {
    when: 'the app object is missing',
    namespace: 'app-missing',
    spoil: (stage) => stage.delete(releaseObject(stage, 'staging')),
    reason: 'AppNotFound',
    says: () =>
      'HelmRelease app-missing-staging/podinfo does not exist; create it or correct appRef and targets',
    mend: async (stage) => {
      await stage.world.cluster.applyYaml(stage.files()[releasePath('staging')] ?? '');
      stage.deployer.look('app-missing-staging/podinfo');
    },
    recovery: 'watched',
  },
  {
    when: 'the app object is unhealthy',
    namespace: 'app-unhealthy',
    spoil: ({ deployer }) => deployer.setFate('app-unhealthy-dev/podinfo', { kind: 'failing' }, '6.1.9'),
    release: (stage) => stage.release('6.1.9'),
    reason: 'AppUnhealthy',
    says: () =>
      "dev: look at HelmRelease app-unhealthy-dev/podinfo: UpgradeFailed: Helm upgrade failed for release app-unhealthy-dev/podinfo with chart podinfo@6.1.9: timeout waiting for: [Deployment/app-unhealthy-dev/podinfo status: 'InProgress']",
    mend: (stage) => stage.release(),
    recovery: 'watched',
  },
  {
    when: "the target's namespace has not allowed it",
    namespace: 'namespace-closed',
    spoil: (stage) => stage.apply(namespaceObject('namespace-closed-staging')),
    reason: 'NamespaceNotAllowed',
    says: () =>
      'Namespace namespace-closed-staging does not allow Pipelines of namespace-closed: kubectl annotate --overwrite ns namespace-closed-staging lockkeeper.dev/allow-pipelines-from=namespace-closed',
    mend: (stage) => stage.apply(namespaceObject('namespace-closed-staging', 'namespace-closed')),
    recovery: 'watched',
  },
  {
    when: 'the revision holds a line break',
    namespace: 'revision-broken',
    release: (stage) => claim(stage, '6.2.0\nreplicas: 0'),
    reason: 'RevisionRefused',
    says: () => 'dev: the version holds the character U+000A; use letters, digits and . _ + : @ / -',
    mend: (stage) => stage.release(),
    recovery: 'watched',
  },
  {
    when: 'the revision holds a #',
    namespace: 'revision-comment',
    release: (stage) => claim(stage, '6.2.0#{}'),
    reason: 'RevisionRefused',
    says: () => 'dev: the version holds #; use letters, digits and . _ + : @ / -',
    mend: (stage) => stage.release(),
    recovery: 'watched',
  },
];

test.concurrent.each([...ofRepository, ...ofManifests, ...ofApps])(
  'says what to do when $when, and goes on by itself when that is mended',
  async (mistake) => await endure(scene, mistake),
  mistakeTimeoutMs,
);
