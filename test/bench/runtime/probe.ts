import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:net';

/**
 * Loaded into the controller's process before it (`--import`): sees how late a timer of 2 ms comes, and for how much of
 * that time the main thread ran at all; tells of it as one JSON line to
 * whoever connects to the Unix socket LOCKKEEPER_BENCH_PROBE. From then on it rests, since it would itself be seen in a process that
 * does nothing. The controller's code knows nothing of it.
 */
const everyMs = 2;
const worthTellingMs = 10;
const stalls: { readonly endMs: number; readonly ms: number; readonly cpuMs: number }[] = [];
/** When the first request was made: the modules are loaded by then. */
let loadedMs: number | undefined;

const onRequest = (): void => {
  loadedMs ??= performance.now();
  unsubscribe('undici:request:create', onRequest);
};
subscribe('undici:request:create', onRequest);

function ranMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

let last = performance.now();
let lastRanMs = ranMs();
const ticker = setInterval(() => {
  const now = performance.now();
  const ran = ranMs();
  const ms = now - last - everyMs;
  if (ms >= worthTellingMs) stalls.push({ endMs: now, ms, cpuMs: ran - lastRanMs });
  last = now;
  lastRanMs = ran;
}, everyMs).unref();

createServer((socket) => {
  clearInterval(ticker);
  socket.end(`${JSON.stringify({ stalls, loadedMs })}\n`);
})
  .listen(process.env['LOCKKEEPER_BENCH_PROBE'])
  .unref();
