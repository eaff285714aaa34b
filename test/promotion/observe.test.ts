import { describe, expect, test } from '@jest/globals';
import type { Pipeline } from '../../src/api/pipeline.ts';
import { revisionOf } from '../../src/base/revision.ts';
import { fluxHelmRelease } from '../../src/engines/flux-helm-release.ts';
import type { TargetSeen } from '../../src/promotion/observation.ts';
import { observe, type Observed } from '../../src/promotion/observe.ts';
import { helmRelease, reconciling, transitionTime, type HelmReleaseGiven } from '../engines/helm-release.ts';
import { promoted, strategy } from './builders.ts';
import { pipelineOf } from './stage.ts';

const now = new Date('2026-11-22T13:10:00Z');

interface Given {
  /** By namespace and name. */
  readonly apps?: Record<string, HelmReleaseGiven>;
  /** By namespace; those that are absent do not exist. */
  readonly annotations?: Record<string, Record<string, string>>;
  readonly crossNamespaceTargets?: 'Annotated' | 'Allow';
  readonly lookedAt?: Date;
  readonly now?: Date;
}

function seen(pipeline: Pipeline, given: Given = {}): Observed {
  const { apps = {}, annotations = {}, crossNamespaceTargets = 'Allow', lookedAt } = given;
  return observe({
    pipeline,
    caches: {
      app: (_engine, namespace, name) => {
        const app = apps[`${namespace}/${name}`];
        return app === undefined ? undefined : fluxHelmRelease.project(helmRelease(app));
      },
      namespaceAnnotations: (name) => annotations[name],
    },
    crossNamespaceTargets,
    lookedAt: () => lookedAt,
    now: given.now ?? now,
  });
}

const pipeline = pipelineOf('acme/fleet');

/** The same with another spec. */
function changed(spec: Partial<Pipeline['spec']>): Pipeline {
  return { ...pipeline, spec: { ...pipeline.spec, ...spec } };
}

function dev(observed: Observed): TargetSeen {
  const [target] = observed.seen.environments[0]?.targets ?? [];
  if (target === undefined) throw new Error('dev has no target');
  return target;
}

test('every environment is seen with its targets and how it is promoted into', () => {
  const { seen: observation } = seen(pipeline, {
    apps: { 'podinfo-dev/podinfo': {}, 'podinfo-staging/podinfo': {} },
  });
  expect(observation).toMatchObject({ now, namespace: 'apps', name: 'podinfo' });
  expect(
    observation.environments.map(({ name, suspend, strategy: how }) => ({ name, suspend, how })),
  ).toEqual([
    {
      name: 'dev',
      suspend: false,
      how: { ...strategy, url: 'https://github.com/acme/fleet', paths: ['apps/podinfo'] },
    },
    { name: 'staging', suspend: false, how: { ...strategy, paths: ['apps/podinfo'] } },
  ]);
  expect(dev(seen(pipeline, { apps: { 'podinfo-dev/podinfo': {} } }))).toMatchObject({
    name: 'default',
    app: 'HelmRelease podinfo-dev/podinfo',
    state: { kind: 'good', revision: revisionOf({ version: '6.1.0' }), since: new Date(transitionTime) },
  });
});

describe('what is missing is a fact', () => {
  test('an app object that does not exist', () => {
    expect(dev(seen(pipeline)).state).toEqual({
      kind: 'missing',
      message: 'HelmRelease podinfo-dev/podinfo does not exist; create it or correct appRef and targets',
    });
  });

  test('a kind that no engine reads', () => {
    const appRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'podinfo' };
    expect(dev(seen(changed({ appRef }))).state).toEqual({
      kind: 'noEngine',
      message: 'no engine reads Deployment of apps/v1; use a HelmRelease',
    });
  });

  test('an app object that is suspended', () => {
    const observed = seen(pipeline, { apps: { 'podinfo-dev/podinfo': { suspend: true } } });
    expect(dev(observed).state).toMatchObject({ kind: 'held' });
  });

  test('an app object that follows a branch', () => {
    const spec = {
      interval: '1m',
      chart: { spec: { chart: './chart', sourceRef: { kind: 'GitRepository', name: 'app' } } },
    };
    expect(dev(seen(pipeline, { apps: { 'podinfo-dev/podinfo': { spec } } })).state).toMatchObject({
      kind: 'notPromotable',
    });
  });
});

describe('a target in another namespace', () => {
  const apps = { 'podinfo-dev/podinfo': {} };
  const allow = 'lockkeeper.dev/allow-pipelines-from';
  const stateOf = (annotations: Given['annotations']) =>
    dev(
      seen(pipeline, {
        apps,
        crossNamespaceTargets: 'Annotated',
        ...(annotations === undefined ? {} : { annotations }),
      }),
    ).state;

  test('needs the word of that namespace, and the sentence gives the command', () => {
    expect(stateOf({ 'podinfo-dev': {} })).toEqual({
      kind: 'notAllowed',
      message: `Namespace podinfo-dev does not allow Pipelines of apps: kubectl annotate --overwrite ns podinfo-dev ${allow}=apps`,
    });
  });

  test('keeps what that namespace said of others', () => {
    expect(stateOf({ 'podinfo-dev': { [allow]: 'web, tools' } })).toMatchObject({
      message: expect.stringContaining(`${allow}=web,tools,apps`) as unknown,
    });
  });

  test.each(['apps', 'web, apps', 'apps,web'])('is read when that namespace says %j', (value) => {
    expect(stateOf({ 'podinfo-dev': { [allow]: value } })).toMatchObject({ kind: 'good' });
  });

  test.each(['app', 'apps-2', '*', ''])('is not read when that namespace says %j', (value) => {
    expect(stateOf({ 'podinfo-dev': { [allow]: value } })).toMatchObject({ kind: 'notAllowed' });
  });

  test('is told apart from one in a namespace that does not exist', () => {
    expect(stateOf({})).toEqual({
      kind: 'notAllowed',
      message: 'Namespace podinfo-dev does not exist; create it or correct targets',
    });
  });

  test("needs nothing in the Pipeline's own namespace", () => {
    const own = changed({
      environments: [
        { name: 'dev', targets: [{ name: 'default', namespace: 'apps' }] },
        ...pipeline.spec.environments.slice(1),
      ],
    });
    const observed = seen(own, { apps: { 'apps/podinfo': {} }, crossNamespaceTargets: 'Annotated' });
    expect(dev(observed).state).toMatchObject({ kind: 'good' });
  });
});

test('a target may have an app object of another name', () => {
  const named = changed({
    environments: [
      { name: 'dev', targets: [{ name: 'eu', namespace: 'podinfo-dev', appName: 'podinfo-eu' }] },
      ...pipeline.spec.environments.slice(1),
    ],
  });
  expect(dev(seen(named, { apps: { 'podinfo-dev/podinfo-eu': {} } }))).toMatchObject({
    name: 'eu',
    app: 'HelmRelease podinfo-dev/podinfo-eu',
    state: { kind: 'good' },
  });
});

test('promotion into one environment or into all is switched off', () => {
  const suspended = (spec: Pipeline): boolean[] => seen(spec).seen.environments.map(({ suspend }) => suspend);
  const [first, staging] = pipeline.spec.environments;
  if (first === undefined || staging === undefined) throw new Error('there are two environments');
  expect(suspended(changed({ promotion: { ...pipeline.spec.promotion, suspend: true } }))).toEqual([
    true,
    true,
  ]);
  const one = changed({ environments: [first, { ...staging, promotion: { suspend: true } }] });
  expect(suspended(one)).toEqual([false, true]);
});

describe('what was seen before', () => {
  const upgrading: HelmReleaseGiven = {
    ready: { status: 'Unknown', reason: 'Progressing' },
    conditions: [reconciling],
  };

  test('stands through a short wait, out of the status that the last pass wrote', () => {
    const status: Pipeline['status'] = {
      environments: [
        {
          name: 'dev',
          targets: [
            {
              name: 'default',
              verdict: 'Good',
              revision: revisionOf({ version: '6.1.0' }),
              last: 'Good',
              since: transitionTime,
              uid: 'd4f29651-5de8-4fa2-95bc-56cda0580417',
              generation: 2,
              attempted: '6.1.0',
            },
          ],
        },
      ],
    };
    const apps = { 'podinfo-dev/podinfo': upgrading };
    expect(dev(seen({ ...pipeline, status }, { apps })).state).toMatchObject({
      kind: 'good',
      revision: { version: '6.1.0' },
      since: new Date(transitionTime),
    });
    expect(dev(seen(pipeline, { apps })).state).toMatchObject({ kind: 'waiting' });
  });

  test('makes a long wait unknown, and says when it will be', () => {
    const apps = { 'podinfo-dev/podinfo': upgrading };
    const started = new Date(transitionTime).getTime();
    const early = seen(pipeline, { apps, now: new Date(started + 60_000) });
    expect(early.recheckAt).toEqual(new Date(started + 600_000));
    const late = seen(pipeline, { apps, now: new Date(started + 600_000) });
    expect(dev(late).state).toMatchObject({ kind: 'unknown' });
  });

  test('holds what is known of the pull request and when the forge was asked', () => {
    const status: Pipeline['status'] = { environments: [{ name: 'staging', targets: [] }] };
    const { seen: observation } = seen({ ...pipeline, status }, { lookedAt: now });
    expect(observation.environments[1]).toMatchObject({ previous: { name: 'staging' }, lookedAt: now });
    expect(observation.environments[0]).not.toHaveProperty('previous');
  });
});

describe('a promotion that status tells of', () => {
  const promotionIn = (repository: string): Pipeline => ({
    ...pipeline,
    status: {
      environments: [{ ...promoted('Proposed', '6.2.0', { repository, barred: ['0123456789abcdef'] }) }],
    },
  });
  const previous = (of: Pipeline) => seen(of).seen.environments[1]?.previous;

  test.each(['github.com/acme/fleet', 'github.com/Acme/Fleet'])('is known when it is in %s', (repository) => {
    expect(previous(promotionIn(repository))?.promotion).toMatchObject({ pullRequest: { number: 42 } });
  });

  test.each(['github.com/acme/old-fleet', 'git.acme.example/acme/fleet'])(
    'is none of ours any more when it is in %s, and what people declined stays so',
    (repository) => {
      expect(previous(promotionIn(repository))).toEqual({
        name: 'staging',
        targets: [],
        barred: ['0123456789abcdef'],
      });
    },
  );
});

test('a failure counts once it has stood for five seconds, and until then it is known when it will', () => {
  const since = new Date(now.getTime() - 2_000).toISOString();
  const failed: HelmReleaseGiven = {
    ready: { status: 'False', reason: 'UpgradeFailed', lastTransitionTime: since },
    history: [{ status: 'failed', chartVersion: '6.1.0' }],
  };
  const apps = { 'podinfo-dev/podinfo': failed };
  const early = seen(pipeline, { apps });
  expect(dev(early).state).toMatchObject({ kind: 'waiting' });
  expect(early.recheckAt).toEqual(new Date(now.getTime() + 3_000));
  const late = seen(pipeline, { apps, now: new Date(now.getTime() + 3_000) });
  expect(dev(late).state).toMatchObject({ kind: 'bad' });
  expect(late).not.toHaveProperty('recheckAt');
});
