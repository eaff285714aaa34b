import { expect, test } from '@jest/globals';
import { pipeline } from '../../../src/api/pipeline.ts';
import { engines } from '../../../src/engines/index.ts';
import { helmReleaseKeys, helmReleases, namespaces, pipelines } from './fleet-objects.ts';

const serverMetadata = { uid: '1', resourceVersion: '1', generation: 1 };
const { read, whyNotPromotable } = engines['helm.toolkit.fluxcd.io/HelmRelease'];

test('every Pipeline is one that the API takes, and finds its four apps in namespaces that are made', () => {
  const made = [...pipelines(250)].map(({ body }) =>
    pipeline.parse({ ...body, metadata: { ...Object(body['metadata']), ...serverMetadata } }),
  );
  const apps = new Set([...helmReleases(250)].map(({ body }) => JSON.stringify(nameOf(body))));
  const places = new Set([...namespaces()].map(({ body }) => nameOf(body).name));
  const wanted = made.flatMap(({ spec }) =>
    spec.environments.flatMap(({ targets }) =>
      targets.map(({ namespace }) => JSON.stringify({ namespace, name: spec.appRef.name })),
    ),
  );
  expect(new Set(wanted)).toEqual(apps);
  expect(apps.size).toBe(1000);
  expect(made.filter(({ metadata }) => !places.has(metadata.namespace))).toEqual([]);
});

test('every HelmRelease is healthy at one version, can be promoted, and is as large as in life', () => {
  const read3 = [...helmReleases(3)].map(({ body }) => {
    const object = { ...body, metadata: { ...Object(body['metadata']), ...serverMetadata } };
    const verdict = read(object);
    return [verdict.kind, 'revision' in verdict && verdict.revision.version, whyNotPromotable(object)];
  });
  expect(new Set(read3.map((each) => JSON.stringify(each)))).toEqual(new Set(['["good","6.2.0",null]']));
  const [first] = helmReleases(1);
  // Without what the server adds: uid, times, and who owns which field.
  expect(JSON.stringify(first?.body).length).toBeGreaterThan(3_000);
});

test('names as many HelmReleases as asked for, each of another Pipeline', () => {
  const apps = new Set(
    [...helmReleases(30)].map(({ body }) => `${nameOf(body).namespace}/${nameOf(body).name}`),
  );
  const keys = helmReleaseKeys(30);
  expect(new Set(keys).size).toBe(30);
  expect(keys.filter((key) => !apps.has(key))).toEqual([]);
});

function nameOf(body: Readonly<Record<string, unknown>>): {
  readonly namespace: string;
  readonly name: string;
} {
  const { namespace, name } = Object(body['metadata']);
  return { namespace, name };
}
