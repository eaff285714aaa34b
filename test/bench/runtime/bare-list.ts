import { createInterface } from 'node:readline';
import { Agent, request } from 'undici';
import { z } from 'zod';

/**
 * The limit that a cold start is measured against: lists the same objects in pages of 500, parses them as JSON and keeps nothing.
 * Reads its setting, one JSON line, from stdin; prints `{objects, bytes, cpuMs}` when it has them all.
 */
export const listSetting = z.object({
  server: z.string(),
  ca: z.string(),
  token: z.string(),
  paths: z.array(z.string()),
});

const page = z.object({
  metadata: z.object({ continue: z.string().default('') }),
  items: z.array(z.unknown()),
});

async function listAll({ server, ca, token, paths }: z.infer<typeof listSetting>): Promise<object> {
  const dispatcher = new Agent({ connect: { ca } });
  let objects = 0;
  let bytes = 0;
  const list = async (path: string): Promise<void> => {
    let next = '';
    do {
      const more = next === '' ? '' : `&continue=${encodeURIComponent(next)}`;
      const answer = await request(`${server}${path}?limit=500${more}`, {
        dispatcher,
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      });
      const text = await answer.body.text();
      const read = page.parse(JSON.parse(text));
      objects += read.items.length;
      bytes += text.length;
      next = read.metadata.continue;
    } while (next !== '');
  };
  await Promise.all(paths.map(list));
  await dispatcher.destroy();
  const { user, system } = process.cpuUsage();
  return { objects, bytes, cpuMs: (user + system) / 1000 };
}

if (import.meta.main) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await listAll(listSetting.parse(JSON.parse(line))))}\n`);
    break;
  }
}
