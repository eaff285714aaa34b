import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Transport } from '../../../src/kube/transport/transport.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { failureOf, get } from './transporting.ts';

/** An API server that takes connections and then says nothing, as one does whose process stands still. */
let server: Server;
let transport: Transport;
const sockets = new Set<Socket>();
/** Before connecting is given up by itself. */
const soonMs = 8_000;

beforeEach(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const tls = { ca: '' };
  transport = new Transport({
    server: `https://127.0.0.1:${port}`,
    tls: () => tls,
    token: () => undefined,
  });
});
afterEach(async () => {
  await transport.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

test(
  'does not keep a call beyond its deadline',
  async () => {
    const call = transport.call(get({ timeoutMs: 200 }));
    expect(await failureOf(call)).toMatchObject({ code: 'Timeout' });
  },
  soonMs,
);

test.each([
  ['a call', (signal: AbortSignal) => transport.call(get({ signal }))],
  ['a watch', (signal: AbortSignal) => transport.watch('/api/v1/namespaces', {}, signal)],
])(
  'does not keep %s that is stopped',
  async (_, ask) => {
    const stopping = new AbortController();
    const failure = failureOf(ask(stopping.signal));
    await eventually('it is being connected', () => sockets.size === 1);
    stopping.abort(new Error('enough'));
    expect(await failure).toMatchObject({ message: 'enough' });
  },
  soonMs,
);

test('has no connection any more when the transport is closed', async () => {
  const failure = failureOf(transport.call(get()));
  await eventually('it is being connected', () => sockets.size === 1);
  await transport.close();
  expect(await failure).toMatchObject({ code: 'Unavailable' });
  await eventually('it is gone', () => sockets.size === 0, { deadlineMs: soonMs });
});
