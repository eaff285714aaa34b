import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { startScene, type Scene, type Stage } from './scene.ts';
import { SecretPieces } from './secret-pieces.ts';

/** A promotion by an App and one by a token; then every string that is left in the controller's memory. */
let scene: Scene;
let folder: string;
let app: Stage;
let bot: Stage;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockkeeper-heap-'));
  scene = await startScene({ nodeArgs: snapshotOnSignal(join(folder, 'heap')) });
  app = await scene.stage('heap-app');
  bot = await scene.stage('heap-token', { credential: 'token' });
  for (const version of ['6.2.0', '6.3.0']) {
    await Promise.all([app, bot].map((stage) => stage.release(version)));
    await Promise.all(
      [app, bot].map((stage) =>
        stage.eventually(
          `${version} is proposed`,
          ({ promotion }) => promotion?.phase === 'Proposed' && promotion.revision.version === version,
        ),
      ),
    );
  }
}, 300_000);
afterAll(async () => {
  await scene.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A hook that no product code has: on SIGUSR2 the whole heap, after a full collection, goes to a file. SIGUSR1, Node's own, is off. */
function snapshotOnSignal(file: string): string[] {
  const hook = `
    import { renameSync } from 'node:fs';
    import { writeHeapSnapshot } from 'node:v8';
    process.on('SIGUSR2', () => renameSync(writeHeapSnapshot('${file}.part'), '${file}'));`;
  return [
    // Otherwise a long string, as a body with a token in it, is cut to its first 1,024 characters.
    '--heap-snapshot-string-limit=100000000',
    '--import',
    `data:text/javascript,${encodeURIComponent(hook)}`,
  ];
}

/** What stands in the snapshot's table of strings: names, sources and every string that is alive. */
async function stringsInHeap(): Promise<string> {
  const { controller } = scene.world;
  const [file, taken] = [join(folder, 'heap'), join(folder, 'taken')];
  controller?.kill('SIGUSR2');
  await eventually(
    'the heap is written',
    () =>
      rename(file, taken).then(
        () => true,
        () => false,
      ),
    {
      deadlineMs: 60_000,
    },
  );
  const text = await readFile(taken, 'latin1');
  return text.slice(text.lastIndexOf('\n"strings":'));
}

/** Of a JWT its signature: what it claims stands in other JWTs too. */
function unguessable(secret: string): string {
  return secret.split('.').at(-1) ?? secret;
}

/** A hundred megabytes of heap are written, and read through twice. */
const searchingMs = 240_000;

test(
  'no token, JWT or private key is left in memory as text',
  async () => {
    const secrets = [
      ...app.secrets.map(([name, value]) => [`app ${name}`, unguessable(value)] as const),
      ...bot.secrets.map(([name, value]) => [`bot ${name}`, unguessable(value)] as const),
    ];
    const kinds = new Set(secrets.map(([name]) => name.replace(/ \d+$/, '')));
    expect(kinds).toEqual(new Set(['app token', 'app JWT', 'app private key', 'bot token']));
    const accountFolder = join(dirname(scene.world.controller?.logFile ?? ''), 'serviceaccount');
    const accountToken = await readFile(join(accountFolder, 'token'), 'utf8');
    const strings = await stringsInHeap();
    expect(new SecretPieces(secrets).findIn('the heap', strings)).toEqual([]);
    // The exception, which also shows that what is left is found: a watch that is open holds the headers that it was asked with.
    expect(new SecretPieces([['account token', accountToken]]).findIn('the heap', strings)).toHaveLength(1);
  },
  searchingMs,
);
