import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { credential } from '../../src/api/credential.ts';
import { definitionOf, type CustomResourceDefinition, type SchemaNode } from '../../src/api/crd.ts';
import { generatedFiles, staleFiles } from '../../src/api/generate.ts';
import type { Kind } from '../../src/api/kinds.ts';
import { mapList, objectMeta, text, withRules } from '../../src/api/meta.ts';
import { pipeline, promotionInto } from '../../src/api/pipeline.ts';
import { mistakes } from './mistakes.ts';
import {
  credentialManifest,
  pipelineManifest,
  promotedByEach,
  pullRequestManifest,
  stored,
} from './objects.ts';
import { lintSchema } from './structural-lint.ts';

const root = new URL('../../', import.meta.url);
const schemas: Readonly<Record<string, z.ZodType>> = { Pipeline: pipeline, Credential: credential };

describe('the generated definitions', () => {
  const files = [...generatedFiles()].filter(([path]) => path.startsWith('crds/'));

  test('are one file a kind', () => {
    expect(files.map(([path]) => path)).toEqual([
      'crds/lockkeeper.dev_pipelines.yaml',
      'crds/lockkeeper.dev_credentials.yaml',
    ]);
  });

  test.each(files)('%s is structural, bounded and described everywhere', (_, yaml) => {
    const definition = parse(yaml) as CustomResourceDefinition; // what we made; the API server checks it in another test
    const [served] = definition.spec.versions;
    const { properties, ...whole } = served?.schema.openAPIV3Schema ?? {};
    expect(whole).toMatchObject({ type: 'object', required: ['spec'] });
    expect(whole.description).toMatch(/^[A-Z].*\.$/);
    expect(Object.keys(properties ?? {}).toSorted()).toEqual([
      'apiVersion',
      'kind',
      'metadata',
      'spec',
      'status',
    ]);
    expect([
      ...lintSchema(properties?.['spec'] ?? {}, 'spec'),
      ...lintSchema(properties?.['status'] ?? {}, 'status'),
    ]).toEqual([]);
  });

  test.each(files)('%s has its keys in a stable order and no aliases', (_, yaml) => {
    expect(yaml).not.toMatch(/[&*]a\d/);
    const sorted = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(sorted)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .toSorted(([a], [b]) => (a < b ? -1 : 1))
                .map(([key, each]) => [key, sorted(each)]),
            )
          : value;
    expect(JSON.stringify(parse(yaml))).toBe(JSON.stringify(sorted(parse(yaml))));
  });

  test('keep environments whole and in order, and targets apart by a name that may be left out', () => {
    const spec = schemaOf('crds/lockkeeper.dev_pipelines.yaml').properties?.['spec']?.properties;
    const environments = spec?.['environments'];
    expect(environments?.['x-kubernetes-list-type']).toBe('atomic');
    const targets = environments?.items?.properties?.['targets'];
    expect(targets).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    });
    expect(targets?.items?.properties?.['name']?.default).toBe('default');
  });
});

function schemaOf(path: string): SchemaNode {
  const definition = parse(generatedFiles().get(path) ?? '') as CustomResourceDefinition; // what we made
  return definition.spec.versions[0]?.schema.openAPIV3Schema ?? {};
}

describe('a stale file', () => {
  test('is not among those that are checked in', () => {
    expect(staleFiles(root)).toEqual([]);
  });

  test('is named with the command that mends it, missing or changed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lockkeeper-generated-'));
    try {
      for (const [path, content] of generatedFiles()) {
        if (path.endsWith('reasons.md')) continue;
        mkdirSync(join(folder, path, '..'), { recursive: true });
        writeFileSync(join(folder, path), path.endsWith('_pipelines.yaml') ? `${content}\n` : content);
      }
      expect(staleFiles(pathToFileURL(`${folder}/`))).toEqual([
        'crds/lockkeeper.dev_pipelines.yaml is not what src/api says; run: npm run generate',
        'docs/reference/reasons.md is not what src/api says; run: npm run generate',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the generator refuses', () => {
  const kindOf = (spec: z.ZodType): Kind => ({
    kind: 'Boat',
    plural: 'boats',
    singular: 'boat',
    schema: z.object({ metadata: objectMeta, spec, status: z.object({}) }),
    columns: [],
  });
  const refusal = (spec: z.ZodType): unknown => {
    try {
      return definitionOf(kindOf(spec));
    } catch (thrown) {
      return thrown;
    }
  };

  test('a union', () => {
    expect(refusal(z.object({ size: z.union([z.string(), z.int()]) }))).toMatchObject({
      code: 'CrdNotStructural',
      message: expect.stringContaining('Boat: properties.spec.properties.size'),
    });
  });

  test('a value of any type', () => {
    expect(refusal(z.object({ load: z.unknown() }))).toMatchObject({ code: 'CrdNotStructural' });
  });

  test('a strict object, which the API server knows as none', () => {
    expect(refusal(z.strictObject({ name: z.string() }))).toMatchObject({ code: 'CrdNotStructural' });
  });

  test('a check in code that the API server would not make', () => {
    expect(refusal(z.object({ name: z.string().refine((name) => name !== 'Titanic') }))).toMatchObject({
      code: 'CrdNotStructural',
      message:
        'Boat: properties.spec.properties.name: a .refine has no rule in CEL: use withRules of meta.ts',
    });
  });

  test('a check in code behind a rule that is known', () => {
    expect(refusal(z.object({ name: text(8).refine((name) => name !== 'Titanic') }))).toMatchObject({
      code: 'CrdNotStructural',
    });
  });

  test('neither a rule in both languages nor one that the API server has of its own', () => {
    const named = withRules(z.string().max(8), [
      { rule: "self != 'Titanic'", message: 'must float', holds: (name) => name !== 'Titanic' },
    ]);
    const boats = mapList('name', z.object({ name: text(8) }), { min: 0, max: 2 });
    expect(refusal(z.object({ named: named.optional(), boats }))).toMatchObject({
      kind: 'CustomResourceDefinition',
    });
  });
});

describe('zod, like the API server, refuses', () => {
  test.each(mistakes)('$what', ({ object, kubectl }) => {
    const { error } = schemas[object.kind]?.safeParse(stored(object)) ?? {};
    const issues = error?.issues ?? [];
    expect(issues).toHaveLength(1);
    for (const { code, path, message } of issues) {
      expect(kubectl).toContain(placeOf(path));
      // A rule of ours says the same in both; what is not of ours each says in its own words.
      if (code === 'custom') expect(kubectl).toContain(message);
    }
  });

  test('all that a rule in CEL refuses: each has its example above', () => {
    const rules = ['pipelines', 'credentials'].flatMap((plural) =>
      rulesIn(schemaOf(`crds/lockkeeper.dev_${plural}.yaml`)),
    );
    const saidBytes = /^must be at most \d+ bytes of UTF-8$/; // of status: in the tests with a cluster
    const unsaid = rules.filter(
      (message) => !saidBytes.test(message) && !mistakes.some(({ kubectl }) => kubectl.includes(message)),
    );
    expect(rules.length).toBeGreaterThan(10);
    expect(unsaid).toEqual([]);
  });

  test('a text of too many bytes, though of few characters', () => {
    const schema = text(8);
    expect(schema.safeParse('lock 12').success).toBe(true);
    expect(schema.safeParse('écluse').success).toBe(true);
    expect(schema.safeParse('écluses é').error?.issues.map(({ message }) => message)).toContain(
      'must be at most 8 bytes of UTF-8',
    );
  });
});

function placeOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .slice(1);
}

function rulesIn(node: SchemaNode): string[] {
  return [
    ...(node['x-kubernetes-validations'] ?? []).map(({ message }) => message),
    ...Object.values(node.properties ?? {}).flatMap(rulesIn),
    ...(node.items === undefined ? [] : rulesIn(node.items)),
  ];
}

describe('reading an object of few words', () => {
  test('gives a Pipeline the defaults that the API server gives it', () => {
    const manifest = pipelineManifest(({ spec }) => {
      spec.revision = {};
    });
    const { spec } = pipeline.parse(stored(manifest));
    expect(spec.revision).toEqual({ from: 'Auto' });
    expect(spec.environments.map(({ targets }) => targets[0]?.name)).toEqual(['default', 'default']);
    expect(spec.promotion?.strategy?.pullRequest?.baseBranch).toBe('main');
  });

  test('takes a Pipeline that says for each environment but the first how to promote into it', () => {
    expect(pipeline.safeParse(stored(promotedByEach())).success).toBe(true);
  });

  test('takes a valid Credential', () => {
    expect(credential.safeParse(stored(credentialManifest())).success).toBe(true);
  });
});

describe('how promotions into an environment are made', () => {
  const into = (change: Parameters<typeof pipelineManifest>[0]): ReturnType<typeof promotionInto> => {
    const { spec } = pipeline.parse(stored(pipelineManifest(change)));
    const [, staging] = spec.environments;
    if (staging === undefined) throw new Error('there is no second environment');
    return promotionInto(spec, staging);
  };

  test('is what the Pipeline says', () => {
    expect(into(() => undefined)).toMatchObject({
      suspend: false,
      pullRequest: { url: 'https://github.com/acme/fleet' },
    });
  });

  test('is what the environment says, whole: nothing of the Pipeline strategy is left', () => {
    const own = pullRequestManifest({ url: 'https://github.com/acme/prod' });
    const given = into(({ spec }) => {
      spec.promotion = {
        strategy: { pullRequest: pullRequestManifest({ paths: ['apps'], baseBranch: 'next' }) },
      };
      for (const environment of spec.environments) environment.promotion = { strategy: { pullRequest: own } };
    });
    expect(given).toEqual({ suspend: false, pullRequest: { ...own, baseBranch: 'main' } });
  });

  test('stays what the Pipeline says in an environment that is only suspended', () => {
    const given = into(({ spec }) => {
      for (const environment of spec.environments) environment.promotion = { suspend: true };
    });
    expect(given).toMatchObject({ suspend: true, pullRequest: { url: 'https://github.com/acme/fleet' } });
  });

  test('is suspended when the Pipeline is, whatever the environment says', () => {
    const given = into(({ spec }) => {
      spec.promotion = { ...spec.promotion, suspend: true };
      for (const environment of spec.environments) environment.promotion = { suspend: false };
    });
    expect(given.suspend).toBe(true);
  });
});
