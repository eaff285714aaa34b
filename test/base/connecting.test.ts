import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import {
  connect as connectPlainly,
  createServer,
  type AddressInfo,
  type LookupFunction,
  type Server,
} from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { Pool } from 'undici';
import { Connecting } from '../../src/base/connecting.ts';
import { CodedError, codeOf } from '../../src/base/error.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function portOf(server: Server, address = '127.0.0.1', port = 0): Promise<number> {
  closing.push(() => server.close());
  server.listen(port, address);
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
  const open = new Set<number | undefined>();
  const mute = createServer((socket) => {
    const { remotePort } = socket;
    open.add(remotePort);
    socket.on('error', () => undefined).once('close', () => open.delete(remotePort));
    socket.resume();
  });
  const port = await portOf(mute);
  const connecting = new Connecting();
  const connect = connecting.connector({ timeout: 60_000 });
  const to = { hostname: '127.0.0.1', host: '127.0.0.1', protocol: 'https:', port: String(port) };
  connect(to, () => undefined);
  await eventually('the server has taken it', () => open.size === 1);
  expect(connecting.size).toBe(1);
  connecting.end();
  await eventually('it is given up', () => open.size === 0);
  connect(to, () => undefined);
  expect(connecting.size).toBe(0);
  const last = connectPlainly(port, '127.0.0.1');
  closing.push(() => last.destroy());
  const isAlone = (): boolean => open.size === 1 && open.has(last.localPort);
  await eventually('the server has only what connected behind it', isAlone);
});

const refusal = new CodedError('AddressNotAllowed', 'not there');

/** A server that says where it is, at two addresses of this machine, and how often each was connected to. */
async function startTwins(): Promise<{ readonly port: number; readonly visits: Record<string, number> }> {
  const visits: Record<string, number> = { '127.0.0.2': 0, '127.0.0.1': 0 };
  const twin = (address: string): Server =>
    createHttpServer((_, response) => response.end(address)).on('connection', () => {
      visits[address] = (visits[address] ?? 0) + 1;
    });
  for (let tries = 1; ; tries += 1) {
    const port = await portOf(twin('127.0.0.2'), '127.0.0.2');
    try {
      await portOf(twin('127.0.0.1'), '127.0.0.1', port);
      return { port, visits };
    } catch (thrown) {
      // What is free at the one address somebody else may have at the other.
      if (codeOf(thrown) !== 'EADDRINUSE' || tries === 10) throw thrown;
    }
  }
}

const notOne = (_: string, address: string): CodedError | undefined =>
  address === '127.0.0.1' ? refusal : undefined;

test('rebinding between check and connect: what was checked is what is connected to, by one lookup', async () => {
  const { port, visits } = await startTwins();
  const answers: string[] = [];
  const resolve: LookupFunction = (_, __, callback) => {
    const address = answers.length === 0 ? '127.0.0.2' : '127.0.0.1';
    answers.push(address);
    callback(null, [{ address, family: 4 }]);
  };
  const connect = new Connecting().connector({}, { judge: notOne, resolve });
  const pool = new Pool(`http://git.acme.example:${port}`, { connect, connections: 1 });
  closing.push(() => pool.destroy());
  for (let time = 0; time < 3; time += 1) {
    const { body } = await pool.request({ method: 'GET', path: '/' });
    expect(await body.text()).toBe('127.0.0.2');
  }
  expect(answers).toEqual(['127.0.0.2']);
  // A connection of its own is a lookup of its own, which is judged too.
  const later = new Pool(`http://git.acme.example:${port}`, { connect });
  closing.push(() => later.destroy());
  await expect(later.request({ method: 'GET', path: '/' })).rejects.toBe(refusal);
  expect(answers).toEqual(['127.0.0.2', '127.0.0.1']);
  expect(visits).toEqual({ '127.0.0.2': 1, '127.0.0.1': 0 });
});

test('a host that is an address is judged too, though nothing looks it up', async () => {
  const { port, visits } = await startTwins();
  const connecting = new Connecting();
  const connect = connecting.connector({}, { judge: notOne });
  const [refused, allowed] = ['127.0.0.1', '127.0.0.2'].map(
    (host) => new Pool(`http://${host}:${port}`, { connect }),
  );
  closing.push(() => Promise.all([refused?.destroy(), allowed?.destroy()]));
  await expect(refused?.request({ method: 'GET', path: '/' })).rejects.toBe(refusal);
  expect((await allowed?.request({ method: 'GET', path: '/' }))?.statusCode).toBe(200);
  expect(visits).toEqual({ '127.0.0.2': 1, '127.0.0.1': 0 });
  expect(connecting.size).toBe(0);
});
