import { afterEach, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { RenewedPools } from '../../../src/kube/transport/pools.ts';
import { makeCertificate } from '../../certificate.ts';
import { followSockets } from '../../closed-sockets.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { startScriptedApi, Stream } from '../scripted-api.ts';

const closing: { readonly close: () => Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of closing.splice(0).toReversed()) await each.close();
});

function opened(...[server, tls]: ConstructorParameters<typeof RenewedPools>): RenewedPools {
  const pools = new RenewedPools(server, tls);
  closing.push(pools);
  return pools;
}

test('the pools stay while the content of the TLS material does, whoever read it again', () => {
  const { cert, key } = makeCertificate();
  const read = (): { ca: string; clientCertificate: { cert: string; key: Secret }; serverName: string } => ({
    ca: cert,
    clientCertificate: { cert, key: new Secret(key) },
    serverName: 'api.test',
  });
  const pools = opened('https://127.0.0.1:1', read());
  const first = pools.for(read());
  expect(pools.for(read())).toBe(first);
  expect(pools.retired).toBe(0);
  const other = makeCertificate();
  const changes = [
    { ...read(), ca: other.cert },
    { ...read(), serverName: 'other.test' },
    { ca: cert, serverName: 'api.test' },
    { ...read(), clientCertificate: { cert: other.cert, key: new Secret(other.key) } },
    { ...read(), clientCertificate: { cert, key: new Secret(other.key) } },
  ];
  const all = new Set(changes.map((each) => pools.for(each)));
  expect(all.size).toBe(changes.length);
  expect(all.has(first)).toBe(false);
});

test('of a thousand old ones those are left on which something runs, and then none', async () => {
  const stream = new Stream().write('begun');
  const api = await startScriptedApi(() => stream);
  closing.push(api);
  const { ca } = api.connection.tls({ fresh: false });
  const pools = opened(api.connection.server, { ca });
  const { body } = await pools.for({ ca }).watches.request({ method: 'GET', path: '/' });
  for (let time = 0; time < 1000; time += 1) pools.for({ ca: `${ca}# ${time}\n` });
  await eventually('one is left', () => pools.retired === 1);
  expect([api.open(), api.pending()]).toEqual([1, 1]);
  stream.write(' and ended').end();
  expect(await body.text()).toBe('begun and ended');
  await eventually('none is left', () => pools.retired === 0 && api.open() === 0);
});

test('closing ends what runs on old and new pools, and makes no more', async () => {
  const api = await startScriptedApi(() => new Stream().write('begun'));
  closing.push(api);
  const { ca } = api.connection.tls({ fresh: false });
  const pools = opened(api.connection.server, { ca });
  const old = await pools.for({ ca }).watches.request({ method: 'GET', path: '/' });
  const young = await pools.for({ ca: `${ca}# 2\n` }).calls.request({ method: 'GET', path: '/' });
  const ended = Promise.allSettled([old.body.text(), young.body.text()]);
  await Promise.all([pools.close(), pools.close()]);
  expect(await ended).toEqual([
    expect.objectContaining({ status: 'rejected' }),
    expect.objectContaining({ status: 'rejected' }),
  ]);
  await eventually('no connection is left', () => api.open() === 0);
  const after = pools.for({ ca: `${ca}# 3\n` });
  await expect(after.calls.request({ method: 'GET', path: '/' })).rejects.toMatchObject({
    code: 'UND_ERR_DESTROYED',
  });
  expect(pools.retired).toBe(0);
});

test('a connection that is closed is not kept in memory', async () => {
  const sockets = followSockets();
  closing.push({ close: async () => sockets.stop() });
  const api = await startScriptedApi(() => ({ headers: { connection: 'close' }, body: {} }));
  closing.push(api);
  const { ca } = api.connection.tls({ fresh: false });
  const { calls } = opened(api.connection.server, { ca }).for({ ca });
  for (let time = 0; time < 30; time += 1) {
    const { body } = await calls.request({ method: 'GET', path: '/' });
    await body.dump();
  }
  expect(sockets.opened()).toBe(30);
  // The last ones may be on their way yet.
  await eventually('few are left', () => sockets.kept() < 5);
});
