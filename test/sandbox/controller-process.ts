import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Secret } from '../../src/base/secret.ts';
import type { ChartProcess } from './chart.ts';
import { systemNamespace } from './chart.ts';
import type { Watchdog } from './cluster/watchdog.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface ControllerOptions {
  /** Of this process alone; made when it does not exist. */
  readonly folder: string;
  readonly chart: ChartProcess;
  /** `https://127.0.0.1:port` */
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  /** Of the chart's service account. */
  readonly token: Secret;
  readonly nodeArgs?: readonly string[];
  readonly extraArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly readyWithinMs?: number;
  /** What it has to have come to before it is given out: `ready` with full caches, or `listening` for probes alone. */
  readonly until?: 'ready' | 'listening';
  /** Ends it when we are killed. */
  readonly watchdog?: Watchdog;
}

/** A line of the controller's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** What it logs when it has come so far. */
const milestones = { ready: 'ready', listening: 'health and metrics are served' } as const;

export interface ControllerProcess {
  readonly pid: number;
  /** JSON lines of all that it printed, stderr included. */
  readonly logFile: string;
  /** Where /livez, /readyz and /metrics are. */
  readonly telemetryUrl: string;
  /** Milliseconds from its start until it said that it is ready, or that it listens where that was enough. */
  readonly readyMs: number;
  log(): Promise<string>;
  onLine(listener: (line: LogLine) => void): () => void;
  /** A new token in the file, as the kubelet rotates it. */
  rotateToken(token: Secret): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with its exit code or signal, once all that it printed is in the file. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** SIGTERM, and SIGKILL when it does not go within 15 s. */
  stop(): Promise<number | NodeJS.Signals>;
}

/**
 * The real controller (or, with that part of the chart and that account, the auditor), from its sources, with the arguments, environment and configuration of the rendered chart, as its service account: what
 * differs from a Pod is where the mounted folders are, and that health and metrics are on any free port of 127.0.0.1.
 */
export async function startController(options: ControllerOptions): Promise<ControllerProcess> {
  const accountFolder = join(options.folder, 'serviceaccount');
  const configFolder = join(options.folder, 'config');
  await mkdir(accountFolder, { recursive: true });
  await mkdir(configFolder, { recursive: true });
  const tokenFile = join(accountFolder, 'token');
  await writeFile(tokenFile, options.token.expose(), { mode: 0o600 });
  await writeFile(join(accountFolder, 'ca.crt'), options.ca);
  await writeFile(join(accountFolder, 'namespace'), systemNamespace);
  for (const [name, text] of Object.entries(options.chart.configFiles))
    await writeFile(join(configFolder, name), text);

  const { hostname, port: serverPort } = new URL(options.server);
  const args = options.chart.args.map((arg) => arg.replace(/^\/etc\/lockkeeper\b/, configFolder));
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      '--disable-sigusr1',
      ...(options.nodeArgs ?? []),
      main,
      ...args,
      '--service-account-folder',
      accountFolder,
      '--telemetry-address',
      '127.0.0.1:0',
      ...(options.extraArgs ?? []),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // Ctrl-C is for us: we stop it when its turn comes
      env: {
        PATH: process.env['PATH'] ?? '',
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: serverPort,
        ...options.chart.env,
        ...options.env,
      },
    },
  );
  // A parent that dies must not leave it behind.
  const killOnExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killOnExit);
  const { pid } = child;
  if (pid !== undefined) options.watchdog?.watch(pid);

  const logFile = join(options.folder, 'controller.log');
  const sink = createWriteStream(logFile, { flags: 'a' });
  let telemetryPort = 0;
  const listeners = new Set<(line: LogLine) => void>([
    ({ msg, port }) => {
      if (msg === milestones.listening) telemetryPort = Number(port);
    },
  ]);
  child.stderr.pipe(sink, { end: false });
  createInterface({ input: child.stdout }).on('line', (text) => {
    sink.write(`${text}\n`);
    const line = parseLine(text);
    if (line !== undefined) for (const listener of listeners) listener(line);
  });
  const exited = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      process.removeListener('exit', killOnExit);
      if (pid !== undefined) options.watchdog?.forget(pid);
    });
    // Who hears of its end reads what it said last: not before that is in the file.
    child.once('close', (code, signal) => void sink.end(() => resolve(code ?? signal ?? 1)));
  });
  exited.catch(() => undefined);

  const log = async (): Promise<string> => await readFile(logFile, 'utf8').catch(() => '');
  await untilSaid(milestones[options.until ?? 'ready'], {
    listeners,
    exited,
    withinMs: options.readyWithinMs ?? 30_000,
    log,
  });
  if (pid === undefined) throw new Error('the controller has no process id');
  return {
    pid,
    logFile,
    telemetryUrl: `http://127.0.0.1:${telemetryPort}`,
    readyMs: performance.now() - started,
    log,
    onLine: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    rotateToken: async (token) => {
      await writeFile(`${tokenFile}.next`, token.expose(), { mode: 0o600 });
      await rename(`${tokenFile}.next`, tokenFile);
    },
    kill: (signal) => void child.kill(signal),
    exited,
    stop: async () => {
      child.kill('SIGTERM');
      child.kill('SIGCONT'); // one that a test stopped would hear nothing
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      const code = await exited;
      clearTimeout(timer);
      return code;
    },
  };
}

function parseLine(text: string): LogLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null ? { ...line } : undefined;
  } catch {
    return undefined;
  }
}

interface Saying {
  readonly listeners: Set<(line: LogLine) => void>;
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly withinMs: number;
  readonly log: () => Promise<string>;
}

async function untilSaid(message: string, { listeners, exited, withinMs, log }: Saying): Promise<void> {
  let listener: ((line: LogLine) => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const said = new Promise<'said'>((resolve) => {
    listener = (line) => {
      if (line['msg'] === message) resolve('said');
    };
    listeners.add(listener);
  });
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), withinMs);
  });
  const first = await Promise.race([said, late, exited]);
  clearTimeout(timer);
  if (listener !== undefined) listeners.delete(listener);
  if (first === 'said') return;
  const tail = (await log()).split('\n').slice(-15).join('\n');
  throw new Error(
    first === 'late'
      ? `the controller did not say "${message}" within ${withinMs} ms:\n${tail}`
      : `the controller ended (${first}):\n${tail}`,
  );
}
