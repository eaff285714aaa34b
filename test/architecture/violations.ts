import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { clusterTestViolations } from './cluster-tests.ts';
import { cycles } from './cycles.ts';
import { habitViolations } from './habits.ts';
import { importViolations } from './import-table.ts';
import { readModule } from './module.ts';
import { purityViolations } from './purity.ts';
import { waysOutViolations } from './ways-out.ts';

/** What breaks the rules of the layout below `root`, one sentence each with file and line; nothing when all keep them. */
export function violations(root: string): string[] {
  const modules = globSync('{src,test}/**/*.ts', { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted()
    .map((path) => readModule(path, readFileSync(join(root, path), 'utf8')));
  return [
    ...importViolations(modules, productionPackages(root)),
    ...purityViolations(modules),
    ...cycles(modules),
    ...habitViolations(modules),
    ...clusterTestViolations(modules),
    ...waysOutViolations(modules),
  ];
}

function productionPackages(root: string): ReadonlySet<string> {
  const manifest = z.object({ dependencies: z.record(z.string(), z.string()) });
  return new Set(
    Object.keys(manifest.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).dependencies),
  );
}
