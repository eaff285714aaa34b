import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * Loaded into the controller's process before it (`--import`): writes one JSON line per HTTP request to LOCKKEEPER_BENCH_REQUESTS,
 * `{origin, method, path, start, end, status}` in epoch milliseconds, through undici's own diagnostics. Watches are left out: they
 * are always open. The controller's code knows nothing of it.
 */
const file = process.env['LOCKKEEPER_BENCH_REQUESTS'] ?? '';
const message = z.object({
  request: z.custom<object>((value) => typeof value === 'object' && value !== null),
});
const described = z.object({ origin: z.coerce.string(), method: z.string(), path: z.string() });
const answered = z.object({ response: z.object({ statusCode: z.number() }) });

const open = new WeakMap<object, { readonly start: number; status: number }>();
let lines = '';

function now(): number {
  return performance.timeOrigin + performance.now();
}

function flush(): void {
  if (lines === '') return;
  appendFileSync(file, lines);
  lines = '';
}

subscribe('undici:request:create', (event) => {
  open.set(message.parse(event).request, { start: now(), status: 0 });
});
subscribe('undici:request:headers', (event) => {
  const seen = open.get(message.parse(event).request);
  if (seen !== undefined) seen.status = answered.parse(event).response.statusCode;
});
for (const ending of ['undici:request:trailers', 'undici:request:error']) {
  subscribe(ending, (event) => {
    const { request } = message.parse(event);
    const seen = open.get(request);
    if (seen === undefined) return;
    open.delete(request);
    const { origin, method, path } = described.parse(request);
    if (!path.includes('watch='))
      lines += `${JSON.stringify({ origin, method, path, ...seen, end: now() })}\n`;
  });
}
setInterval(flush, 50).unref();
process.on('exit', flush);
