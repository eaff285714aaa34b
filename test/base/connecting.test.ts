import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { Pool } from 'undici';
import { Connecting } from '../../src/base/connecting.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function portOf(server: Server): Promise<number> {
  closing.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port; // a TCP server that listens has one
}

test('knows nothing any more of what has been connected or could not be', async () => {
  const port = await portOf(createHttpServer((_, response) => response.end('well')));
  const connecting = new Connecting();
  const pool = new Pool(`http://127.0.0.1:${port}`, { connect: connecting.connector({}) });
  const nobody = new Pool('http://127.0.0.1:1', { connect: connecting.connector({}) });
  closing.push(() => Promise.all([pool.destroy(), nobody.destroy()]));
  const { body } = await pool.request({ method: 'GET', path: '/' });
  expect(await body.text()).toBe('well');
  await expect(nobody.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(connecting.size).toBe(0);
});

test('gives up what is being connected when it ends, and what would be after that', async () => {
  let open = 0;
  const mute = createServer((socket) => {
    open += 1;
    socket.on('error', () => undefined).once('close', () => (open -= 1));
    socket.resume();
  });
  const port = await portOf(mute);
  const connecting = new Connecting();
  const connect = connecting.connector({ timeout: 60_000 });
  const to = { hostname: '127.0.0.1', host: '127.0.0.1', protocol: 'https:', port: String(port) };
  connect(to, () => undefined);
  await eventually('the server has taken it', () => open === 1);
  expect(connecting.size).toBe(1);
  connecting.end();
  await eventually('it is given up', () => open === 0);
  connect(to, () => undefined);
  connecting.end();
  await eventually('so is another one', () => open === 0 && connecting.size === 0);
});
