import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { definitionOf } from './crd.ts';
import { kinds } from './kinds.ts';
import { group } from './meta.ts';
import { apiReference, reasonsReference } from './reference.ts';

const command = 'npm run generate';

/** Every file that is made from the schemas: path from the repository's root → text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const definitions = kinds.map(definitionOf);
  return new Map([
    ...definitions.map(
      (definition) =>
        [
          `crds/${group}_${definition.spec.names.plural}.yaml`,
          `# Made from src/api by ${command}; do not edit.\n${stringify(definition, {
            sortMapEntries: true,
            aliasDuplicateObjects: false,
            lineWidth: 0,
          })}`,
        ] as const,
    ),
    ['docs/reference/api.md', apiReference(definitions)],
    ['docs/reference/reasons.md', reasonsReference()],
  ]);
}

/** What is wrong with the files below `root`, one sentence a file; nothing when all are current. */
export function staleFiles(root: URL): string[] {
  return [...generatedFiles()]
    .filter(([path, text]) => readIfThere(new URL(path, root)) !== text)
    .map(([path]) => `${path} is not what src/api says; run: ${command}`);
}

function write(root: URL): void {
  for (const [path, text] of generatedFiles()) {
    const file = new URL(path, root);
    mkdirSync(new URL('.', file), { recursive: true });
    writeFileSync(file, text);
  }
}

function readIfThere(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const root = new URL('../../', import.meta.url);
  if (process.argv.includes('--check')) {
    for (const sentence of staleFiles(root)) {
      process.stderr.write(`${sentence}\n`);
      process.exitCode = 1;
    }
  } else {
    write(root);
  }
}
