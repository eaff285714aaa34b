import { createInterface } from 'node:readline';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { hearPath, hearSetting, monotonicMs, tellLater } from './hearing.ts';

/** The limit that hearing of an event is measured against: a watch whose lines are parsed as JSON, and nothing else. */
const listed = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
const event = z.object({
  type: z.string(),
  object: z.object({
    metadata: z.object({ namespace: z.string(), name: z.string(), resourceVersion: z.string() }),
  }),
});

for await (const line of createInterface({ input: process.stdin })) {
  const { server, ca, token } = hearSetting.parse(JSON.parse(line));
  const tell = tellLater();
  const dispatcher = new Agent({ connect: { ca }, bodyTimeout: 0 });
  const get = async (query: string) =>
    await request(`${server}${hearPath}?${query}`, {
      dispatcher,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    });
  const { metadata } = listed.parse(JSON.parse(await (await get('limit=1')).body.text()));
  const watch = await get(`watch=true&resourceVersion=${metadata.resourceVersion}`);
  let rest = '';
  watch.body.setEncoding('utf8').on('data', (piece: string) => {
    const lines = `${rest}${piece}`.split('\n');
    rest = lines.pop() ?? '';
    for (const each of lines) {
      const { type, object } = event.parse(JSON.parse(each));
      const atMs = monotonicMs();
      const { namespace, name, resourceVersion } = object.metadata;
      if (type === 'MODIFIED') tell({ key: `${namespace}/${name}`, version: resourceVersion, atMs });
    }
  });
  process.stdout.write('synced\n');
}
process.exit(0);
