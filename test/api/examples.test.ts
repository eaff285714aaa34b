import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { credential } from '../../src/api/credential.ts';
import { allowPipelinesFrom, apiVersion } from '../../src/api/meta.ts';
import { pipeline } from '../../src/api/pipeline.ts';
import { documented, examples, type Written } from './written.ts';

const schemas: Readonly<Record<string, z.ZodType>> = { Pipeline: pipeline, Credential: credential };

const ours = [...examples(), ...documented()].filter(
  ({ object }) => object['apiVersion'] === apiVersion && object['spec'] !== undefined,
);

/** With what the API server would fill in, and with no word that the schema does not know. */
function problemsOf({ object }: Written): string[] {
  const schema = schemas[String(object['kind'])];
  if (schema === undefined) return [`there is no kind ${String(object['kind'])}`];
  const metadata = { ...(object['metadata'] as object), uid: 'u-1', resourceVersion: '1', generation: 1 }; // every object has one
  const { data, error } = schema.safeParse({ ...object, metadata });
  return error === undefined
    ? unknownIn(object['spec'], (data as Written['object'])['spec'])
    : [z.prettifyError(error)]; // it was parsed as an object
}

/** Members that reading has dropped because no schema names them. */
function unknownIn(written: unknown, read: unknown, place = 'spec'): string[] {
  if (typeof written !== 'object' || written === null) return [];
  return Object.entries(written).flatMap(([name, value]) => {
    const found = typeof read === 'object' && read !== null ? Object.entries(read) : [];
    const [, inner] = found.find(([key]) => key === name) ?? [];
    return inner === undefined
      ? [`${place}.${name} is unknown`]
      : unknownIn(value, inner, `${place}.${name}`);
  });
}

describe('what users are shown', () => {
  test('has a Pipeline and a Credential among the examples', () => {
    const kinds = examples().map(({ object }) => object['kind']);
    expect(kinds).toEqual(expect.arrayContaining(['Pipeline', 'Credential']));
  });

  test.each(ours.map((each) => [`${each.where}: ${String(each.object['kind'])}`, each] as const))(
    '%s is valid, and no word of it is unknown',
    (_, written) => {
      expect(problemsOf(written)).toEqual([]);
    },
  );
});

describe('the examples fit together', () => {
  const all = examples().map(({ object }) => object);
  const one = <S extends z.ZodType>(kind: string, shape: S): z.output<S> => {
    const found = all.filter((object) => object['kind'] === kind);
    expect(found).toHaveLength(1);
    return shape.parse(found[0]);
  };
  const meta = z.object({ name: z.string(), namespace: z.string() });
  const shown = {
    pipeline: one('Pipeline', z.object({ metadata: meta, spec: pipeline.shape.spec })),
    credential: one('Credential', z.object({ metadata: meta, spec: credential.shape.spec })),
  };
  const namespaces = all
    .filter((object) => object['kind'] === 'Namespace')
    .map((object) =>
      z
        .object({
          metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) }),
        })
        .parse(object),
    );

  test('the Pipeline names the Credential, which is for its host and repository', () => {
    const { strategy } = shown.pipeline.spec.promotion ?? {};
    const { metadata, spec } = shown.credential;
    expect(strategy?.pullRequest?.credentialRef.name).toBe(metadata.name);
    expect(metadata.namespace).toBe(shown.pipeline.metadata.namespace);
    expect(spec.repositories.map((each) => `https://${spec.host}/${each}`)).toContain(
      strategy?.pullRequest?.url,
    );
  });

  test('every target is in a namespace that has allowed it', () => {
    const targets = shown.pipeline.spec.environments.flatMap((each) => each.targets.map((t) => t.namespace));
    expect(targets).toEqual(['podinfo-dev', 'podinfo-staging', 'podinfo-prod']);
    for (const target of targets) {
      const found = namespaces.find(({ metadata }) => metadata.name === target);
      expect([target, found?.metadata.annotations[allowPipelinesFrom]]).toEqual([target, 'apps']);
    }
  });

  test('the controller may get the one Secret that the Credential names, and do nothing else', () => {
    const role = one('Role', z.object({ metadata: meta, rules: z.unknown() }));
    expect(role.metadata.namespace).toBe(shown.credential.metadata.namespace);
    expect(role.rules).toEqual([
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: [shown.credential.spec.githubApp?.secretRef.name],
        verbs: ['get'],
      },
    ]);
    const binding = one(
      'RoleBinding',
      z.object({ metadata: meta, roleRef: z.object({ name: z.string() }), subjects: z.unknown() }),
    );
    expect(binding.metadata.namespace).toBe(role.metadata.namespace);
    expect(binding.roleRef.name).toBe(role.metadata.name);
    expect(binding.subjects).toEqual([
      { kind: 'ServiceAccount', name: 'lockkeeper-controller', namespace: 'lockkeeper-system' },
    ]);
  });

  test('no Secret is among them', () => {
    expect(all.filter((object) => object['kind'] === 'Secret')).toEqual([]);
  });
});
