import { expect, test } from '@jest/globals';
import { dependencyProblems } from './dependencies.ts';
import { lockFileSchema, manifestSchema } from './lock-file.ts';

const page = `
| package | what for | licence | why this one |
|---|---|---|---|
| \`zod\` | schemas | MIT | one schema for all |
`;

interface Given {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly packages?: Readonly<Record<string, object>>;
  readonly page?: string;
}

function problems(given: Given): string[] {
  const { dependencies = { zod: '4.0.0' }, packages = {} } = given;
  const lock = { packages: { '': {}, 'node_modules/zod': { license: 'MIT' }, ...packages } };
  return dependencyProblems(
    manifestSchema.parse({ dependencies }),
    lockFileSchema.parse(lock),
    given.page ?? page,
  );
}

test('a page with a row for each production dependency is complete', () => {
  expect(problems({})).toEqual([]);
});

test('a dependency without a row is named, and a row without a dependency', () => {
  expect(problems({ dependencies: { yaml: '2.0.0' } })).toEqual([
    'yaml has no row',
    'zod is no production dependency',
  ]);
});

test('a row that gives no reason is refused', () => {
  expect(problems({ page: page.replace('one schema for all', '') })).toEqual([
    'the row of zod has an empty cell',
  ]);
});

test('a row that says another licence than the package is refused', () => {
  expect(problems({ page: page.replace('MIT', 'ISC') })).toEqual([
    'the row of zod says ISC, but its licence is MIT',
  ]);
});

test('a licence that nobody has looked at is refused, however deep it stands, in what is shipped', () => {
  const packages = {
    'node_modules/zod/node_modules/deep': { license: 'GPL-3.0' },
    'node_modules/bare': {},
    'node_modules/tool': { license: 'GPL-3.0', dev: true },
  };
  expect(problems({ packages })).toEqual([
    'node_modules/zod/node_modules/deep has the licence GPL-3.0, which nobody has looked at',
    'node_modules/bare has the licence (none), which nobody has looked at',
  ]);
});

test('fifty production packages are enough', () => {
  const some = (count: number, entry: object): Record<string, object> =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`node_modules/p${at}`, entry]));
  expect(problems({ packages: some(49, { license: 'MIT' }) })).toEqual([]);
  expect(problems({ packages: some(60, { license: 'MIT', dev: true }) })).toEqual([]);
  expect(problems({ packages: some(50, { license: 'MIT' }) })).toEqual([
    '51 production packages are more than 50',
  ]);
});
