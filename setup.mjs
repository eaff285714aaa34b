// Makes node_modules equal to package-lock.json, with the Node 24 in it that every script then runs under. Does nothing when it
// is so already. Runs before anything is installed, so: any Node from 20 on, no packages, no TypeScript. It speaks on stderr
// alone, because the scripts that it precedes print JSON.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = realpathSync(dirname(fileURLToPath(import.meta.url)));
const ownNode = join(root, 'node_modules', '.bin', 'node');
const neededMajor = 24;
const longestInstallMs = 15 * 60_000;

process.exitCode = await main();

async function main() {
  if (whatIsStale() !== undefined) {
    const lock = await takeLock();
    try {
      if (!install()) return 1;
    } finally {
      rmSync(lock, { force: true });
    }
  }
  const trouble = whyNoNode();
  if (trouble === undefined) return 0;
  say(trouble);
  return 1;
}

/** Twice at most: npm under an old Node leaves out the native packages that ask for a newer one, and the first time may bring it. */
function install() {
  for (const npmNode of [undefined, ownNode]) {
    const stale = whatIsStale(); // again, since whoever held the lock before us may have done it all
    if (stale === undefined) return true;
    if (npmNode !== undefined && !existsSync(npmNode)) break;
    say(`${stale}: installing the packages of package-lock.json, which can take a minute`);
    if (!npmCi(npmNode)) return false;
  }
  const stale = whatIsStale();
  if (stale === undefined) return true;
  say(`${stale}, although npm ci has just succeeded; delete node_modules and run: npm run setup`);
  return false;
}

/** Whether it succeeded. What npm says is shown only when it did not. */
function npmCi(npmNode) {
  // npm says where it is; `npm` is found on PATH when this file is run by hand.
  const cli = process.env.npm_execpath ?? '';
  const [command, ...before] = /npm-cli\.c?js$/.test(cli)
    ? [npmNode ?? process.env.npm_node_execpath ?? process.execPath, cli]
    : ['npm'];
  // As flags, so that neither the user's own npm configuration nor the one of the surrounding `npm run -s` changes what is
  // installed. No package's install script runs; in .npmrc that flag would switch our own `pre` scripts off as well.
  const flags =
    '--ignore-scripts --include=dev --include=optional --loglevel=error --no-progress --no-audit --no-fund';
  const ran = spawnSync(command, [...before, 'ci', ...flags.split(' ')], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: longestInstallMs,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (ran.status === 0) return true;
  process.stderr.write(`${ran.stdout ?? ''}${ran.stderr ?? ''}`);
  const how = ran.error ? ran.error.message : `exit code ${ran.status ?? ran.signal}`;
  say(`npm ci failed (${how}); what it said stands above. Mend that and run the same command again.`);
  return false;
}

/**
 * Why node_modules is not what package-lock.json says, or undefined. Compares with npm's own record of what it has installed,
 * package by package, since times say nothing after a checkout or a copy. npm writes the record last, so an installation
 * that was interrupted has none.
 */
function whatIsStale() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return 'node_modules is missing or incomplete';
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const found = packagesOf(record);
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.peer) continue; // peers are left out by .npmrc
    const present = found[path];
    if (present === undefined && entry.optional && !isForThisMachine(entry)) continue;
    if (present?.version !== entry.version || present?.integrity !== entry.integrity)
      return `${path} is out of date`;
  }
  const extra = Object.keys(found).find((path) => wanted[path] === undefined);
  return extra === undefined ? undefined : `${extra} is not in package-lock.json`;
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return {}; // half written or not JSON: then every package is out of date
  }
}

/** Of an optional package. Those that name no machine come with those that do. */
function isForThisMachine({ os, cpu, libc }) {
  if (os === undefined || cpu === undefined) return false;
  const names = (list, word) => list === undefined || [list].flat().includes(word);
  return (
    names(os, process.platform) && names(cpu, process.arch) && (libc === undefined || names(libc, libcHere()))
  );
}

function libcHere() {
  process.report.excludeNetwork = true; // else it looks up the name of every open connection
  return process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

/** Node 24 comes as a package on Linux; elsewhere it is whichever Node runs us, since `npm run` takes that one from PATH too. */
function whyNoNode() {
  if (Number.parseInt(process.versions.node, 10) >= neededMajor) return undefined;
  const asked = existsSync(ownNode) ? spawnSync(ownNode, ['--version'], { encoding: 'utf8' }) : undefined;
  if (Number.parseInt(asked?.stdout?.slice(1) ?? '', 10) >= neededMajor) return undefined;
  const here = `Node ${neededMajor} or newer is missing: this is ${process.version} on ${process.platform} ${process.arch}`;
  const package_ =
    asked === undefined
      ? 'for which no Node comes as a package'
      : 'where the Node of node_modules does not run';
  return `${here}, ${package_}; install Node ${neededMajor}, put it first on PATH and try again`;
}

/** The file that says that one of us installs into this folder; waits while another one does. It outlives no process for long. */
async function takeLock() {
  const folder = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const lock = join(tmpdir(), `lockkeeper-setup-${process.getuid?.() ?? 0}-${folder}`);
  for (let saidSo = false; ; await wait(200)) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
      process.once('exit', () => rmSync(lock, { force: true }));
      return lock;
    } catch (thrown) {
      if (thrown.code !== 'EEXIST') throw thrown;
    }
    const holder = abandonedBy(lock);
    if (holder !== undefined) {
      removeAbandoned(lock, holder);
    } else if (!saidSo) {
      say('another process is installing packages here: waiting for it');
      saidSo = true;
    }
  }
}

/** What stands in a lock whose process is gone or has taken longer than it may; undefined while it is held, or given back. */
function abandonedBy(lock) {
  let holder;
  try {
    holder = readFileSync(lock, 'utf8');
    const ageMs = Date.now() - statSync(lock).mtimeMs;
    if (ageMs > 2 * longestInstallMs) return holder;
    if (holder === '') return ageMs > 5_000 ? holder : undefined; // just being written, or its writer was killed there
    process.kill(Number(holder), 0);
    return undefined;
  } catch (thrown) {
    return thrown.code === 'ESRCH' ? holder : undefined; // EPERM is somebody else's process, so it lives
  }
}

/** By moving it aside first, so that of two that find it abandoned only one takes it away. */
function removeAbandoned(lock, holder) {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (readFileSync(aside, 'utf8') !== holder)
      renameSync(aside, lock); // it was somebody's new one
    else rmSync(aside, { force: true });
  } catch {
    // Another process was quicker.
  }
}

function say(sentence) {
  process.stderr.write(`lockkeeper: ${sentence}\n`);
}
