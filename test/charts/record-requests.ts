import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * Loaded into the controller's process before it (`--import`): appends `METHOD origin path` of every request, watches too, to the
 * file that LOCKKEEPER_TEST_REQUESTS names.
 */
const file = process.env['LOCKKEEPER_TEST_REQUESTS'] ?? '';
const created = z.object({
  request: z.object({ method: z.string(), origin: z.coerce.string(), path: z.string() }),
});

subscribe('undici:request:create', (event) => {
  const { method, origin, path } = created.parse(event).request;
  appendFileSync(file, `${method} ${origin} ${path}\n`);
});
