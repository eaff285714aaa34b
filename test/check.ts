import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../src/base/error.ts';
import { violations } from './architecture/violations.ts';
import { dependencyProblems } from './check/dependencies.ts';
import { foreignText } from './check/foreign-text.ts';
import {
  lockFileProblems,
  lockFileSchema,
  manifestSchema,
  type LockFile,
  type Manifest,
} from './check/lock-file.ts';
import { complaintsOf } from './check/run-program.ts';

/** `npm run check`: everything that can be said of the sources without running them, and for each fault how to mend it. */
interface Check {
  readonly name: string;
  readonly mend: string;
  /** What is wrong, as lines; '' when nothing is. */
  readonly find: () => Promise<string>;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const atOnce = 2;

const run = (...args: readonly string[]): Promise<string> => complaintsOf(process.execPath, args, root);
/** A package's program, by the Node that runs us, whatever stands on PATH. */
const bin = (name: string, ...args: readonly string[]): Promise<string> =>
  run(realpathSync(join(root, 'node_modules', '.bin', name)), ...args);

/** The slowest first, so that two at a time end together. */
const checks: readonly Check[] = [
  {
    name: 'formatting',
    mend: 'npm run format',
    find: () => bin('prettier', '--check', '.'),
  },
  {
    name: 'lint',
    mend: 'change the lines named; npm run lint -- --fix changes some of them for you',
    find: () => bin('oxlint', '--type-aware', 'src', 'test', 'docs', 'setup.mjs'),
  },
  { name: 'types', mend: 'change the lines named; npx tsc says the same again', find: types },
  {
    name: 'layout',
    mend: 'change the lines named; the rules stand in test/architecture',
    find: async () => violations(root).join('\n'),
  },
  {
    name: 'generated files',
    mend: 'npm run generate',
    find: () => both(run('src/api/generate.ts', '--check'), run('docs/pictures/draw.ts', '--check')),
  },
  {
    name: 'unused files, exports and packages',
    mend: 'remove them, or the word export; npx knip says the same again',
    // The second time without the tests: what only they use is not part of the product.
    find: () =>
      both(
        bin('knip', '--no-config-hints'),
        bin('knip', '--no-config-hints', '--production', '--include', 'files,dependencies'),
      ),
  },
  {
    name: 'lock file',
    mend: 'npm install --ignore-scripts; where a platform is missing, take the version before',
    find: async () => lockFileProblems(manifest(), lockFile()).join('\n'),
  },
  {
    name: 'production dependencies',
    mend: 'write the row into docs/dependencies.md, or do without the package',
    find: async () => dependencyProblems(manifest(), lockFile(), read('docs/dependencies.md')).join('\n'),
  },
  {
    name: 'text that belongs to one machine or person',
    mend: 'take it out; a secret that was ever committed must also be revoked',
    find: async () =>
      textFiles()
        .flatMap((path) => foreignText(path, read(path)))
        .join('\n'),
  },
];

async function both(one: Promise<string>, other: Promise<string>): Promise<string> {
  return (await Promise.all([one, other])).filter((lines) => lines !== '').join('\n');
}

/** By the native compiler: the other TypeScript here is a library, and would answer `tsc` where that one is missing. */
async function types(): Promise<string> {
  const version = execFileSync(process.execPath, [
    realpathSync(join(root, 'node_modules', '.bin', 'tsc')),
    '-v',
  ]);
  const text = version.toString('utf8').trim();
  return text.startsWith('Version 7.') ? await bin('tsc') : `tsc -v says ${text}, not 7; run: npm run setup`;
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function manifest(): Manifest {
  return manifestSchema.parse(JSON.parse(read('package.json')));
}

function lockFile(): LockFile {
  return lockFileSchema.parse(JSON.parse(read('package-lock.json')));
}

/** What is, or with the next `git add .` would be, in the repository; links and what is not text apart. */
function textFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return listed
    .split('\0')
    .filter((path) => path !== '' && lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile())
    .filter((path) => !read(path).includes('\0'));
}

/** Its line, and below it what to do when it failed. Whether it passed. */
async function report({ name, mend, find }: Check): Promise<boolean> {
  const startedAt = Date.now();
  const complaints = await find().catch(messageOf);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  if (complaints === '') process.stderr.write(`ok      ${name} (${seconds} s)\n`);
  else process.stderr.write(`FAILED  ${name} (${seconds} s)\n\n${complaints}\n\n  mend: ${mend}\n\n`);
  return complaints === '';
}

const waiting = [...checks];
let failed = 0;
async function work(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (!(await report(next))) failed += 1;
  }
}

const startedAt = Date.now();
await Promise.all(Array.from({ length: atOnce }, work));
const outcome = failed === 0 ? 'all checks passed' : `${failed} of ${checks.length} checks failed`;
process.stderr.write(`${outcome} in ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
process.exitCode = failed === 0 ? 0 : 1;
