import type { LockFile, Manifest } from './lock-file.ts';

const mostPackages = 50;

/** Those that ask for no more than to be named. */
const licences: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
]);

/**
 * Whether `page` (docs/dependencies.md) has a row `| package | what for | licence | why this one |` for each production
 * dependency and no other, and whether what they bring along stays small and free; one sentence for each reason why not.
 */
export function dependencyProblems(
  { dependencies }: Manifest,
  { packages }: LockFile,
  page: string,
): string[] {
  const rows = rowsOf(page);
  const names = Object.keys(dependencies);
  const shipped = Object.entries(packages).filter(
    ([path, { dev, optional, devOptional, peer }]) =>
      path !== '' && !dev && !optional && !devOptional && !peer,
  );
  return [
    ...names.flatMap((name) =>
      whyNotDescribed(name, rows.get(name), packages[`node_modules/${name}`]?.license),
    ),
    ...[...rows.keys()]
      .filter((name) => !names.includes(name))
      .map((name) => `${name} is no production dependency`),
    ...shipped
      .filter(([, { license }]) => !licences.has(license ?? ''))
      .map(
        ([path, { license }]) => `${path} has the licence ${license ?? '(none)'}, which nobody has looked at`,
      ),
    ...(shipped.length > mostPackages
      ? [`${shipped.length} production packages are more than ${mostPackages}`]
      : []),
  ];
}

function rowsOf(page: string): ReadonlyMap<string, readonly string[]> {
  const cells = page
    .split('\n')
    .filter((line) => /^\| *`/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return new Map(cells.map(([, name = '', ...rest]) => [name.replaceAll('`', ''), rest]));
}

function whyNotDescribed(name: string, row: readonly string[] | undefined, licence = '(none)'): string[] {
  if (row === undefined) return [`${name} has no row`];
  const [purpose = '', stated = '', reason = ''] = row;
  if (purpose === '' || reason === '') return [`the row of ${name} has an empty cell`];
  return stated === licence ? [] : [`the row of ${name} says ${stated}, but its licence is ${licence}`];
}
