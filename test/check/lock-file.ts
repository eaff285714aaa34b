import { z } from 'zod';

const packages = z.record(z.string(), z.string()).default({});

export const manifestSchema = z.object({
  dependencies: packages,
  devDependencies: packages,
  optionalDependencies: packages,
});
export type Manifest = z.infer<typeof manifestSchema>;

const locked = z.object({
  version: z.string().optional(),
  license: z.string().optional(),
  integrity: z.string().optional(),
  resolved: z.string().optional(),
  dependencies: packages,
  devDependencies: packages,
  optionalDependencies: packages,
  dev: z.boolean().default(false),
  optional: z.boolean().default(false),
  devOptional: z.boolean().default(false),
  peer: z.boolean().default(false),
});

export const lockFileSchema = z.object({ packages: z.record(z.string(), locked) });
export type LockFile = z.infer<typeof lockFileSchema>;

/** Whether `npm ci` gives the same packages from this lock file on every machine; one sentence for each reason why not. */
export function lockFileProblems(manifest: Manifest, { packages: entries }: LockFile): string[] {
  const root = entries[''];
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;
  const unlike = kinds.filter((kind) => !areEqual(manifest[kind], root?.[kind] ?? {}));
  return [
    ...unlike.map((kind) => `the ${kind} of package.json and package-lock.json differ`),
    ...Object.entries(entries).flatMap(([path, { optionalDependencies, ...entry }]) => [
      // npm leaves a package out when a registry did not serve it for another platform, and npm ci refuses the result there.
      ...Object.keys(optionalDependencies)
        .filter((name) => find(entries, path, name) === undefined)
        .map((name) => `${path || 'package.json'} needs ${name}, which package-lock.json does not have`),
      ...(path !== '' && entry.integrity === undefined ? [`${path} has no integrity hash`] : []),
      ...(entry.resolved === undefined ? [] : [`${path} names the registry that it came from`]),
    ]),
  ];
}

function areEqual(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

/** Where Node would find `name` from the package at `path`. */
function find(entries: LockFile['packages'], path: string, name: string): string | undefined {
  const folders = path === '' ? [] : path.split('/node_modules/');
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    const folder = folders.slice(0, depth).join('/node_modules/');
    const place = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (entries[place] !== undefined) return place;
  }
  return undefined;
}
