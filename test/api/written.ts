import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/** An object as somebody wrote it down, with where. */
export interface Written {
  readonly where: string;
  readonly object: Readonly<Record<string, unknown>>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Every object of the YAML files under `examples/`, in the order in which kubectl applies them. Throws at what is not YAML. */
export function examples(): Written[] {
  return filesOf('examples/**/*.yaml').flatMap((file) => objectsOf(file, read(file)));
}

/** Every object in a `yaml` block of the README and the Markdown files under `docs/`, and in the YAML files there. */
export function documented(): Written[] {
  const yaml = filesOf('docs/**/*.{yaml,yml}').flatMap((file) => objectsOf(file, read(file)));
  const blocks = ['README.md', ...filesOf('docs/**/*.md')].flatMap((file) =>
    [...read(file).matchAll(/^( *)```ya?ml\n([\s\S]*?)^\1```/gm)].flatMap(([, indent = '', block = '']) =>
      objectsOf(file, block.replaceAll(new RegExp(`^${indent}`, 'gm'), '')),
    ),
  );
  return [...yaml, ...blocks];
}

function filesOf(pattern: string): string[] {
  return globSync(pattern, { cwd: root }).toSorted();
}

function read(file: string): string {
  return readFileSync(`${root}${file}`, 'utf8');
}

function objectsOf(where: string, text: string): Written[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${where}: ${error.message}`);
    const value: unknown = document.toJS();
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? [{ where, object: value as Record<string, unknown> }] // an object, as was just asked
      : [];
  });
}
