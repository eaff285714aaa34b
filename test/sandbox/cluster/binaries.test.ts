import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import * as tar from 'tar';
import { locateBinaries } from './binaries.ts';
import type { Locating } from './binaries.ts';
import type { EnvtestRelease } from './envtest-archive.ts';
import { eventually } from './eventually.ts';
import { isProcessRunning } from './is-process-running.ts';

const machine = `${platform()}-${arch() === 'x64' ? 'amd64' : arch()}`;
const archiveName = `envtest-v1.36.2-${machine}.tar.gz`;

let folder: string;
let cacheFolder: string;
let said: string[];
let servers: Server[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockkeeper-test-'));
  cacheFolder = join(folder, 'cache');
  said = [];
  servers = [];
});

afterEach(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(folder, { recursive: true, force: true });
});

/** With no Go on the PATH, a forge of archives that nobody serves, and a cache of its own. */
async function locating(change: Partial<Locating> = {}): Promise<Locating> {
  return {
    say: (line) => void said.push(line),
    cacheFolder,
    env: { PATH: '/nowhere' },
    release: await release({ baseUrl: 'http://127.0.0.1:2' }),
    ...change,
  };
}

async function release(change: Partial<EnvtestRelease>): Promise<EnvtestRelease> {
  const sha512 = createHash('sha512')
    .update(await archive())
    .digest('hex');
  return { version: '1.36.2', baseUrl: 'http://127.0.0.1:2', sha512: { [machine]: sha512 }, ...change };
}

/** As the official one is laid out. */
async function archive(): Promise<Buffer> {
  const file = join(folder, 'made.tar.gz');
  if (!existsSync(file)) {
    const inside = join(folder, 'made', 'controller-tools', 'envtest');
    mkdirSync(inside, { recursive: true });
    for (const name of ['etcd', 'kube-apiserver', 'kubectl'])
      program(join(inside, name), `echo downloaded ${name}`);
    await tar.create({ file, gzip: true, cwd: join(folder, 'made') }, ['controller-tools']);
  }
  return readFileSync(file);
}

async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server that listens has one
}

function program(file: string, ...lines: string[]): void {
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(file, 0o755);
}

/** A folder with a `go` that notes each build in `builds` and builds once the file `gate` is there. */
function fakeGo({ version = 'go1.26.1', gate = true, ending = 0 } = {}): {
  bin: string;
  builds: () => string[];
  open: () => void;
} {
  const bin = join(folder, 'bin');
  const [log, gateFile] = [join(folder, 'builds'), join(folder, 'gate')];
  mkdirSync(bin);
  writeFileSync(log, '');
  if (gate) writeFileSync(gateFile, '');
  program(
    join(bin, 'go'),
    `[ "$1" = env ] && { echo ${version}; exit 0; }`,
    `echo "$$" >> ${log}`,
    'while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done',
    `until [ -e ${gateFile} ]; do sleep 0.02; done`,
    'echo "no space left on device" >&2',
    `[ ${ending} = 0 ] || exit ${ending}`,
    'printf "#!/bin/sh\\necho built $1\\n" > "$out"; chmod +x "$out"',
  );
  return {
    bin: `${bin}:/usr/bin:/bin`,
    builds: () => readFileSync(log, 'utf8').split('\n').filter(Boolean),
    open: () => writeFileSync(gateFile, ''),
  };
}

function assets(version: string): string {
  const assetsFolder = join(folder, 'assets');
  mkdirSync(assetsFolder);
  program(join(assetsFolder, 'etcd'), 'echo etcd');
  program(join(assetsFolder, 'kube-apiserver'), `echo "Kubernetes ${version}"`);
  return assetsFolder;
}

const inCache = (): string[] => (existsSync(cacheFolder) ? readdirSync(cacheFolder) : []);

describe('KUBEBUILDER_ASSETS', () => {
  test('is taken first when its server is a 1.36', async () => {
    const found = assets('v1.36.0');
    const binaries = await locateBinaries(
      await locating({ env: { PATH: '/nowhere', KUBEBUILDER_ASSETS: found } }),
    );
    expect(binaries).toEqual({
      etcd: { file: join(found, 'etcd'), args: [] },
      kubeApiserver: { file: join(found, 'kube-apiserver'), args: [] },
    });
    expect(said).toEqual([`cluster: Kubernetes v1.36.0 from KUBEBUILDER_ASSETS, ${found}`]);
  });

  test.each(['v1.35.2', 'v1.360.0', 'v2.36.0'])('is passed over when its server is %s', async (version) => {
    const env = { PATH: fakeGo().bin, KUBEBUILDER_ASSETS: assets(version) };
    const { etcd } = await locateBinaries(await locating({ env }));
    expect(etcd.args).toEqual(['etcd']);
    expect(said[0]).toBe(`cluster: KUBEBUILDER_ASSETS has Kubernetes ${version}, and 1.36 is needed`);
  });

  test('is passed over when nothing is there', async () => {
    const { etcd } = await locateBinaries(
      await locating({ env: { PATH: fakeGo().bin, KUBEBUILDER_ASSETS: '/nowhere' } }),
    );
    expect(etcd.args).toEqual(['etcd']);
    expect(said[0]).toBe('cluster: KUBEBUILDER_ASSETS has no etcd and kube-apiserver in /nowhere');
  });
});

describe('the official archive', () => {
  test('is downloaded before anything is built, unpacked, and found in the cache from then on', async () => {
    const asked: unknown[] = [];
    const body = await archive();
    const baseUrl = await serving((request, response) => {
      asked.push(request.url);
      response.end(body);
    });
    const go = fakeGo();
    const options = await locating({ release: await release({ baseUrl }), env: { PATH: go.bin } });
    const first = await locateBinaries(options);
    const second = await locateBinaries(options);
    expect(second).toEqual(first);
    expect({ asked, builds: go.builds() }).toEqual({ asked: [`/${archiveName}`], builds: [] });
    expect(readFileSync(first.kubeApiserver.file, 'utf8')).toContain('downloaded kube-apiserver');
    expect(readdirSync(join(first.etcd.file, '..')).sort()).toEqual(['etcd', 'kube-apiserver']);
    expect(said.at(-1)).toBe(
      `cluster: etcd and kube-apiserver from the cache, ${join(first.etcd.file, '..')}`,
    );
  });

  test('is not used when it is not the pinned one, wherever LOCKKEEPER_ENVTEST_URL has it from', async () => {
    const body = await archive();
    const baseUrl = await serving((_request, response) => void response.end(body));
    const env = { PATH: fakeGo().bin, LOCKKEEPER_ENVTEST_URL: baseUrl };
    const { etcd } = await locateBinaries({ say: (line) => void said.push(line), cacheFolder, env });
    expect(etcd.args).toEqual(['etcd']);
    expect(said[2]).toBe(
      `cluster: ${baseUrl}/${archiveName} does not have the pinned SHA-512, so it is not used`,
    );
  });

  test.each<[string, RequestListener, string]>([
    ['answers 404', (_, response) => void response.writeHead(404).end(), 'answered 404'],
    ['sends nothing', () => undefined, 'sent nothing within 0.2 s'],
    [
      'sends headers and no byte',
      (_, response) => response.writeHead(200).flushHeaders(),
      'sent nothing within 0.2 s',
    ],
    ['never ends', (_, response) => void response.write('a'), 'was not complete within 0.5 s'],
    ['hangs up', (request) => void request.socket.destroy(), 'cannot be downloaded (UND_ERR_SOCKET)'],
  ])('from a server that %s makes way for Go, within the deadline', async (_which, listener, sentence) => {
    const baseUrl = await serving(listener);
    const deadlines = { firstByteMs: 200, totalMs: 500 };
    const options = await locating({
      release: await release({ baseUrl }),
      env: { PATH: fakeGo().bin },
      deadlines,
    });
    const { etcd } = await locateBinaries(options);
    expect(etcd.args).toEqual(['etcd']);
    expect(said[2]).toBe(`cluster: ${baseUrl}/${archiveName} ${sentence}`);
    expect(inCache()).toHaveLength(1);
  });

  test('is passed over at once on a machine that it is not published for', async () => {
    const { etcd } = await locateBinaries(
      await locating({ release: await release({ sha512: {} }), env: { PATH: fakeGo().bin } }),
    );
    expect(etcd.args).toEqual(['etcd']);
    expect(said[2]).toBe(`cluster: no envtest archive is published for ${machine}`);
  });

  test('is given up when somebody asks, and nothing is left', async () => {
    const giveUp = new AbortController();
    const go = fakeGo();
    const baseUrl = await serving((_request, response) => {
      response.write('a');
      giveUp.abort();
    });
    const options = await locating({
      release: await release({ baseUrl }),
      env: { PATH: go.bin },
      signal: giveUp.signal,
    });
    await expect(locateBinaries(options)).rejects.toMatchObject({ name: 'AbortError' });
    expect({ cache: inCache(), builds: go.builds() }).toEqual({ cache: [], builds: [] });
  });
});

describe('a build with Go', () => {
  test('is the last way, tells what it does, and is found in the cache from then on', async () => {
    const go = fakeGo();
    const options = await locating({ env: { PATH: go.bin } });
    const first = await locateBinaries(options);
    expect(said.map((line) => line.replaceAll(folder, ''))).toEqual([
      'cluster: no etcd and kube-apiserver in the cache, /cache',
      `cluster: downloading envtest 1.36.2 for ${machine}`,
      `cluster: http://127.0.0.1:2/${archiveName} cannot be downloaded (ECONNREFUSED)`,
      'cluster: building etcd and kube-apiserver 1.36.3 with go1.26.1, once; about 5 min on 2 cores',
      '  built in 0 s',
    ]);
    expect(await locateBinaries(options)).toEqual(first);
    expect(go.builds()).toHaveLength(1);
    expect(inCache()).toHaveLength(1);
    expect(first.kubeApiserver).toEqual({ file: first.etcd.file, args: ['kube-apiserver'] });
    expect(readFileSync(first.etcd.file, 'utf8')).toContain('built');
  });

  test.each([
    ['no Go', {}, 'there is no go on the PATH'],
    ['an old Go', { version: 'go1.25.9' }, 'go is go1.25.9, and 1.26 or newer is needed'],
    ['a Go that fails', { ending: 1 }, 'go build ended with 1: no space left on device'],
  ])('with %s: one sentence says what to install, and nothing is left', async (which, go, why) => {
    const PATH = which === 'no Go' ? '/nowhere' : fakeGo(go).bin;
    const finding = locateBinaries(await locating({ env: { PATH } }));
    await expect(finding).rejects.toMatchObject({
      code: 'ClusterBinariesMissing',
      message: expect.stringMatching(/^No etcd and kube-apiserver 1\.36 .*: install Go 1\.26 or newer .*/),
    });
    await expect(finding).rejects.toMatchObject({ message: expect.stringContaining(why) });
    expect(inCache()).toEqual([]);
  });

  test('ends with Go gone when somebody asks, and nothing is left', async () => {
    const go = fakeGo({ gate: false });
    const giveUp = new AbortController();
    const finding = locateBinaries(await locating({ env: { PATH: go.bin }, signal: giveUp.signal }));
    finding.catch(() => undefined);
    await eventually('the build runs', () => go.builds().length === 1);
    giveUp.abort();
    await expect(finding).rejects.toMatchObject({ name: 'AbortError' });
    await eventually('go is gone', () => !isProcessRunning(Number(go.builds()[0])));
    expect(inCache()).toEqual([]);
  });

  /** A process of its own that locates with `go` and prints what it says. */
  function another(go: { bin: string }): {
    pid: number;
    saying: (text: string) => Promise<void>;
    ended: Promise<unknown>;
  } {
    const code = `
      import { locateBinaries } from './binaries.ts';
      const { etcd } = await locateBinaries({ say: console.log });
      console.log('found ' + etcd.file);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      env: { PATH: go.bin, LOCKKEEPER_CACHE: cacheFolder, LOCKKEEPER_ENVTEST_URL: 'http://127.0.0.1:2' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const ended = once(child, 'exit');
    const saying = (text: string): Promise<void> =>
      eventually(`it says ${text}`, () => output.includes(text));
    return { pid: child.pid ?? 0, saying, ended };
  }

  test('happens once when two processes want it, and both get it', async () => {
    const go = fakeGo({ gate: false });
    const first = another(go);
    await first.saying('building');
    const second = another(go);
    await second.saying(`waiting for process ${first.pid}`);
    go.open();
    await Promise.all([first.saying('found '), second.saying('found ')]);
    expect(await Promise.all([first.ended, second.ended])).toEqual([
      [0, null],
      [0, null],
    ]);
    expect({ builds: go.builds().length, cache: inCache().length }).toEqual({ builds: 1, cache: 1 });
  });

  test('dies with a process that is killed, and the next builds instead of waiting for it', async () => {
    const go = fakeGo({ gate: false });
    const first = another(go);
    await eventually('the build runs', () => go.builds().length === 1);
    const second = another(go);
    await second.saying('waiting for process');
    process.kill(first.pid, 'SIGKILL');
    await eventually('its go is gone', () => !isProcessRunning(Number(go.builds()[0])));
    await eventually('the second builds', () => go.builds().length === 2);
    go.open();
    await second.saying('found ');
    expect(await second.ended).toEqual([0, null]);
  });
});
