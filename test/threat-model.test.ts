import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const root = new URL('../', import.meta.url);

/** Rows of the table of attacks, as cells. */
const rows = readFileSync(new URL('docs/threat-model.md', root), 'utf8')
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

/** `13–22` and `34, 35` are several. */
function idsOf(cell: string): number[] {
  return cell.split(', ').flatMap((part) => {
    const [first = NaN, last = first] = part.split('–').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** What is wrong with the proofs of a row. */
function faultsOf([id = '', , , proof = '']: readonly string[]): string[] {
  const proofs = [...proof.matchAll(/`(test\/[^`]+)`(?: "((?:[^"\\]|\\")+)")?/g)];
  if (proofs.length === 0) return /^(–|not yet: .+)$/.test(proof) ? [] : [`${id}: ${proof} proves nothing`];
  return proofs.flatMap(([, path = '', name]) => {
    const file = new URL(path, root);
    if (!existsSync(file)) return [`${id}: there is no ${path}`];
    if (name === undefined || readFileSync(file, 'utf8').includes(name)) return [];
    return [`${id}: ${path} has no test "${name}"`];
  });
}

test('each attack has its number once', () => {
  const ids = rows.flatMap(([id = '']) => idsOf(id));
  expect(ids).toEqual(Array.from({ length: 45 }, (_, index) => index + 1));
});

test('each proof names a test that exists', () => {
  expect(rows.flatMap(faultsOf)).toEqual([]);
});
