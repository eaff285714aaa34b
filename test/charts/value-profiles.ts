import { readFileSync } from 'node:fs';
import { z } from 'zod';

const chart = new URL('../../charts/lockkeeper/', import.meta.url);

interface Schema {
  readonly type?: string | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
}
const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    type: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    properties: z.record(z.string(), schema).optional(),
  }),
);

/**
 * Values for the chart that take each of its ways at least once, whoever adds one: both states of every switch and every choice that
 * the values' schema has, one by one, and what makes a template do something else by its size or by being there.
 */
export function valueProfiles(): readonly Readonly<Record<string, unknown>>[] {
  const read = schema.parse(JSON.parse(readFileSync(new URL('values.schema.json', chart), 'utf8')));
  return [
    {},
    { replicas: 3 },
    { replicas: 0 },
    { caConfigMap: 'forge-ca' },
    { instance: 'one' },
    { 'auditor.trusted': ['ServiceAccount flux-system/helm-controller'] },
    ...choices(read).map(({ path, value }) => ({ [path.join('.')]: value })),
  ];
}

function choices({ type, enum: allowed, properties }: Schema, path: readonly string[] = []): Choice[] {
  const values = type === 'boolean' ? [true, false] : (allowed ?? []);
  return [
    ...values.map((value) => ({ path, value })),
    ...Object.entries(properties ?? {}).flatMap(([name, each]) => choices(each, [...path, name])),
  ];
}

interface Choice {
  readonly path: readonly string[];
  readonly value: unknown;
}
