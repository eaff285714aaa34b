import { afterEach, beforeAll, afterAll, describe, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Agent, request } from 'undici';
import type { Cluster } from '../sandbox/cluster/cluster.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { writeKubeconfig } from '../sandbox/cluster/kubeconfig.ts';
import { obtainControlPlane } from '../sandbox/cluster/obtain-control-plane.ts';
import { runCommand } from '../sandbox/cluster/run-command.ts';
import { isList, isNextPage } from './asked.ts';
import { startFaultProxy, statusOf, type FaultProxy } from './fault-proxy.ts';

/** What undici calls a connection that breaks, which depends on the moment. */
const broken = expect.stringMatching(/^(ECONNRESET|UND_ERR_SOCKET)$/);

let cluster: Cluster;
let namespace: string;
let proxy: FaultProxy;
let agent: Agent;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  cluster = await obtainControlPlane({ say: () => undefined });
  namespace = await cluster.freshNamespace('proxy');
  proxy = await startFaultProxy(cluster);
  agent = through(proxy.ca);
  for (const name of ['anna', 'bert', 'cleo']) await create(name);
}, 600_000); // the first start on a machine builds the servers
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(async () => {
  await agent.destroy();
  await proxy.close();
  await cluster.stop();
});

interface Answer {
  readonly status: number;
  readonly headers: unknown;
  readonly text: string;
}

function through(ca: string): Agent {
  return new Agent({ connect: { ca }, allowH2: false });
}

/** With all headers but the two that are different each time, and the one that is about this connection alone. */
async function ask(server: string, dispatcher: Agent, path: string, body?: object): Promise<Answer> {
  const answer = await request(`${server}${path}`, {
    dispatcher,
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${cluster.adminToken.expose()}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { date: _date, 'audit-id': _audit, connection: _hop, ...headers } = answer.headers;
  return { status: answer.statusCode, headers, text: await answer.body.text() };
}

const asked = (path: string): Promise<Answer> => ask(proxy.server, agent, path);

function configMaps(query = ''): string {
  return `/api/v1/namespaces/${namespace}/configmaps${query}`;
}

async function create(name: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { town: 'Zürich 🛶' } };
  expect(await cluster.api('POST', configMaps(), body)).toMatchObject({ status: 201 });
}

describe('told to do nothing', () => {
  test('it gives the bytes of the server, for every kind of question', async () => {
    const direct = through(cluster.ca);
    closing.push(() => direct.destroy());
    const { text } = await ask(cluster.server, direct, configMaps());
    const { resourceVersion } = (JSON.parse(text) as { metadata: { resourceVersion: string } }).metadata; // of a list
    const sinceThen = `watch=1&resourceVersion=${resourceVersion}&timeoutSeconds=1`;
    await create('dora');
    const paths = [
      '/version',
      '/api/v1',
      '/openapi/v3',
      configMaps(),
      configMaps('?limit=2'),
      configMaps('/anna'),
      configMaps('/nobody'),
      configMaps('?fieldSelector=metadata.name%3Danna'),
      configMaps(`?${sinceThen}`),
      '/api/v1/secrets?resourceVersion=nonsense',
      '/not/there',
    ];
    for (const path of paths) {
      // Others write to the same server, and lists tell of its last write: what counts is an answer between two that are the same.
      let answers: readonly Answer[] = [];
      await eventually(`nobody writes while ${path} is asked`, async () => {
        const before = await ask(cluster.server, direct, path);
        const between = await asked(path);
        const after = await ask(cluster.server, direct, path);
        answers = [before, between];
        return isDeepStrictEqual(before, after);
      });
      const [expected, got] = answers;
      expect({ path, ...got }).toEqual({ path, ...expected });
    }
  });

  test('a request with a body comes through whole', async () => {
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'emil' },
      data: { a: 'ß'.repeat(100_000) },
    };
    expect(await ask(proxy.server, agent, configMaps(), body)).toMatchObject({ status: 201 });
    expect(await cluster.api('GET', configMaps('/emil'))).toMatchObject({ body: { data: body.data } });
  });

  test('kubectl works through it', async () => {
    const folder = dirname(cluster.adminKubeconfig);
    const caData = Buffer.from(proxy.ca).toString('base64');
    const name = `proxy-${namespace}`;
    const file = await writeKubeconfig({
      server: proxy.server,
      caData,
      token: cluster.adminToken,
      name,
      folder,
    });
    closing.push(() => rm(file));
    const { kubectl } = await cluster.tools();
    const args = ['--kubeconfig', file, 'get', 'configmaps', '-n', namespace, '-o', 'name'];
    const run = await runCommand({ file: kubectl, args, env: { HOME: folder } });
    expect(run.stdout.split('\n')).toContain('configmap/anna');
  });

  test('an answer that is given up is given up at the server too', async () => {
    const giveUp = new AbortController();
    const open = await request(`${proxy.server}${configMaps('?watch=1')}`, {
      dispatcher: agent,
      signal: giveUp.signal,
      headers: { authorization: `Bearer ${cluster.adminToken.expose()}` },
    });
    await eventually('it is passed on', () => proxy.watches.length === 1);
    giveUp.abort();
    await expect(open.body.text()).rejects.toMatchObject({ name: 'AbortError' });
    await eventually('it is over', () => proxy.watches.length === 0);
  });
});

describe('a plan', () => {
  test('answers as the server would, as often as it says, and the others are not met', async () => {
    const refused = proxy.plan({
      on: isList,
      effect: { kind: 'refuse', status: 429, retryAfterSeconds: 3 },
      times: 2,
    });
    expect((await asked(configMaps('/anna'))).status).toBe(200);
    const answer = await asked(configMaps());
    expect({ ...answer, text: JSON.parse(answer.text) as unknown }).toMatchObject({
      status: 429,
      headers: { 'retry-after': '3' },
      text: statusOf(429, 'refused by the proxy with 429'),
    });
    expect((await asked(configMaps())).status).toBe(429);
    expect((await asked(configMaps())).status).toBe(200);
    expect(refused.hits()).toBe(2);
  });

  test('that is lifted meets nothing more', async () => {
    const refused = proxy.plan({ on: isList, effect: { kind: 'refuse', status: 500 }, times: Infinity });
    expect((await asked(configMaps())).status).toBe(500);
    refused.lift();
    expect((await asked(configMaps())).status).toBe(200);
    expect(refused.hits()).toBe(1);
  });

  test('breaks the connection before the answer, or in the middle of it', async () => {
    proxy.plan({ on: isList, effect: { kind: 'reset' } });
    await expect(asked(configMaps())).rejects.toMatchObject({ code: broken });
    proxy.plan({ on: isList, effect: { kind: 'reset', afterBytes: 100 } });
    await expect(asked(configMaps())).rejects.toMatchObject({ code: broken });
    expect((await asked(configMaps())).status).toBe(200);
  });

  test('meets the later pages of a list alone', async () => {
    const expired = proxy.plan({ on: isNextPage, effect: { kind: 'refuse', status: 410 } });
    const first = JSON.parse((await asked(configMaps('?limit=2'))).text) as {
      metadata: { continue: string };
    }; // a list that goes on
    expect((await asked(configMaps(`?limit=2&continue=${first.metadata.continue}`))).status).toBe(410);
    expect(expired.hits()).toBe(1);
  });

  test('changes what is asked, and in which pieces it is answered', async () => {
    proxy.plan({ on: isList, effect: { kind: 'query', query: { limit: '1' } } });
    expect(JSON.parse((await asked(configMaps('?limit=3'))).text)).toMatchObject({ items: [{}] });
    const cut = (bytes: Buffer): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte));
    proxy.plan({ on: isList, effect: { kind: 'cut', cut } });
    const answer = await request(`${proxy.server}${configMaps('?limit=1')}`, {
      dispatcher: agent,
      headers: { authorization: `Bearer ${cluster.adminToken.expose()}` },
    });
    let [pieces, bytes] = [0, 0];
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      pieces += 1;
      bytes += piece.byteLength;
    }
    // The network may put some together again.
    expect(pieces).toBeGreaterThan(bytes / 2);
  });
});

describe('a watch that runs', () => {
  async function watch(): Promise<{ lines: string[]; ended: Promise<unknown> }> {
    const answer = await request(
      `${proxy.server}${configMaps('?watch=1&fieldSelector=metadata.name%3Danna')}`,
      {
        dispatcher: agent,
        headers: { authorization: `Bearer ${cluster.adminToken.expose()}` },
      },
    );
    const lines: string[] = [];
    const read = async (): Promise<'ended'> => {
      let text = '';
      for await (const piece of answer.body as AsyncIterable<Buffer>) {
        text += piece.toString('utf8');
        lines.splice(0, Infinity, ...text.split('\n').slice(0, -1));
      }
      return 'ended';
    };
    const ended = read().catch((thrown: unknown) => thrown);
    await eventually('it is open', () => proxy.watches.length === 1 && lines.length === 1);
    return { lines, ended };
  }

  test('gets lines that the server did not send between those that it sent', async () => {
    const { lines, ended } = await watch();
    proxy.watches[0]?.inject('{"type":"BOOKMARK"}');
    await eventually('it is there', () => lines[1] === '{"type":"BOOKMARK"}');
    proxy.watches[0]?.end();
    expect(await ended).toBe('ended');
  });

  test('brings nothing while it is frozen, and all of it afterwards', async () => {
    const { lines, ended } = await watch();
    const [running] = proxy.watches;
    running?.freeze();
    const patch = { metadata: { labels: { a: '1' } } };
    await cluster.api('PATCH', configMaps('/anna'), patch, 'application/merge-patch+json');
    await asked(configMaps('/anna'));
    expect(lines).toHaveLength(1);
    running?.thaw();
    await eventually('it is there', () => lines.length === 2);
    running?.reset();
    expect(await ended).toMatchObject({ code: broken });
    await eventually('it is over', () => proxy.watches.length === 0);
  });

  test('ends with the network, and there is no other until that is back', async () => {
    const { ended } = await watch();
    proxy.cut();
    expect(await ended).toMatchObject({ code: broken });
    await expect(asked('/version')).rejects.toMatchObject({ code: broken });
    await eventually('nothing is open', () => proxy.open === 0);
    proxy.mend();
    expect((await asked('/version')).status).toBe(200);
  });
});

test('after a change of its certificate only who knows the new authority gets through', async () => {
  const old = proxy.ca;
  proxy.changeCertificate();
  const [late, early] = [through(proxy.ca), through(old)];
  closing.push(
    () => late.destroy(),
    () => early.destroy(),
  );
  expect((await ask(proxy.server, late, '/version')).status).toBe(200);
  await expect(ask(proxy.server, early, '/version')).rejects.toMatchObject({
    code: expect.stringMatching(/CERT/),
  });
  await agent.destroy();
  agent = through(proxy.ca);
});

test('idle connections are closed in peace, and busy ones are not', async () => {
  const answer = await request(`${proxy.server}${configMaps('?watch=1')}`, {
    dispatcher: agent,
    headers: { authorization: `Bearer ${cluster.adminToken.expose()}` },
  });
  closing.push(() => agent.destroy().then(() => void (agent = through(proxy.ca))));
  answer.body.on('error', () => undefined).resume();
  await asked('/version');
  await eventually('a busy one and an idle one', () => proxy.open === 2);
  proxy.closeIdle();
  await eventually('the idle one is closed', () => proxy.open === 1);
  expect(proxy.watches).toHaveLength(1);
  expect((await asked(configMaps())).status).toBe(200);
});
