import type { Module } from './module.ts';

/** Rings of imports, types included, one sentence each: none of their modules can be understood, or moved, before the others. */
export function cycles(modules: readonly Module[]): string[] {
  const files = new Map(
    modules.map(({ path, imports }) => [
      path,
      imports.filter((each) => each.isFile).map((each) => each.target),
    ]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push(`${[...trail.slice(start), path].join(' imports ')}: a ring`);
    if (start >= 0 || done.has(path)) return;
    for (const target of files.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of files.keys()) visit(path, []);
  return found;
}
