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
  let { resourceVersion: version } = listed.parse(
    JSON.parse(await (await get('limit=1')).body.text()),
  ).metadata;
  const follow = async (watch: Awaited<ReturnType<typeof get>>): Promise<void> => {
    let rest = '';
    for await (const piece of watch.body.setEncoding('utf8')) {
      const lines = `${rest}${piece}`.split('\n');
      rest = lines.pop() ?? '';
      for (const each of lines) {
        const { type, object } = event.parse(JSON.parse(each));
        const atMs = monotonicMs();
        const { namespace, name } = object.metadata;
        version = object.metadata.resourceVersion;
        if (type === 'MODIFIED') tell({ key: `${namespace}/${name}`, version, atMs });
      }
    }
    // The server ends a watch when the definition of the kind has changed a moment ago.
    await follow(await watchOn());
  };
  const watchOn = async () => await get(`watch=true&resourceVersion=${version}`);
  void follow(await watchOn());
  process.stdout.write('synced\n');
}
process.exit(0);
