import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { request, type IncomingMessage, type RequestOptions, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { CodedError, codeOf } from '../../src/base/error.ts';
import { Secret } from '../../src/base/secret.ts';
import type { Verdict } from '../../src/telemetry/health.ts';
import {
  startTelemetryServer,
  type TelemetryServer,
  type TelemetryServerOptions,
} from '../../src/telemetry/server.ts';

const good: Verdict = { ok: true, checks: [{ name: 'cache-pipelines', ok: true, message: 'is full' }] };
const bad: Verdict = {
  ok: false,
  checks: [...good.checks, { name: 'cache-namespaces', ok: false, message: 'is empty; wait' }],
};

const open: TelemetryServer[] = [];
async function served(change: Partial<TelemetryServerOptions> = {}): Promise<TelemetryServer> {
  const server = await startTelemetryServer({
    host: '127.0.0.1',
    port: 0,
    live: () => good,
    ready: () => good,
    metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
    ...change,
  });
  open.push(server);
  return server;
}
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

interface Seen {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function ask({ port }: TelemetryServer, path: string, options: RequestOptions = {}): Promise<Seen> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, agent: false, ...options }, resolve)
      .once('error', reject)
      .end();
  });
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** What comes back for `bytes` until the server closes the connection. */
async function raw({ port }: TelemetryServer, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return await text(socket);
}

describe('health', () => {
  test.each(['/livez', '/healthz', '/readyz'])('%s says ok', async (path) => {
    expect(await ask(await served(), path)).toMatchObject({
      status: 200,
      body: 'ok',
      headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    });
  });

  test('names what failed, and each check when asked', async () => {
    const server = await served({ ready: () => bad });
    expect(await ask(server, '/readyz')).toMatchObject({
      status: 503,
      body: '[-]cache-namespaces failed: is empty; wait\nreadyz check failed\n',
    });
    expect(await ask(server, '/readyz?verbose')).toMatchObject({
      status: 503,
      body: '[+]cache-pipelines ok: is full\n[-]cache-namespaces failed: is empty; wait\nreadyz check failed\n',
    });
    expect(await ask(server, '/livez?verbose=1')).toMatchObject({
      status: 200,
      body: '[+]cache-pipelines ok: is full\nlivez check passed\n',
    });
  });

  test('liveness and readiness are two things', async () => {
    const server = await served({ live: () => bad });
    const statuses = await Promise.all(
      ['/livez', '/healthz', '/readyz'].map(async (path) => (await ask(server, path)).status),
    );
    expect(statuses).toEqual([503, 503, 200]);
  });

  test('a check that throws is a failure with its code alone', async () => {
    const live = (): Verdict => {
      throw new CodedError('Broken', 'token hunter2');
    };
    expect(await ask(await served({ live }), '/livez')).toMatchObject({
      status: 500,
      body: 'livez failed (Broken); see the log\n',
    });
  });
});

test('/metrics gives what it is given', async () => {
  expect(await ask(await served(), '/metrics')).toMatchObject({
    status: 200,
    body: 'up 1\n',
    headers: { 'content-type': 'text/plain; version=0.0.4' },
  });
});

test('metrics that cannot be read are a failure with a code', async () => {
  const server = await served({ metrics: () => Promise.reject(new Error('hunter2')) });
  expect(await ask(server, '/metrics')).toMatchObject({
    status: 500,
    body: 'metrics failed (Unknown); see the log\n',
  });
});

test('HEAD says as much as GET, without the text', async () => {
  const seen = await ask(await served(), '/metrics', { method: 'HEAD' });
  expect(seen).toMatchObject({ status: 200, body: '', headers: { 'content-length': '5' } });
});

test.each(['/', '/metrics/', '/livez/x', '/debug/pprof', '/constructor', '/__proto__', '//livez'])(
  '%s is not found',
  async (path) => {
    expect((await ask(await served(), path)).status).toBe(404);
  },
);

test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is not allowed', async (method) => {
  expect(await ask(await served(), '/livez', { method })).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD' },
  });
});

describe('what would cost too much is refused:', () => {
  test('a body is not read, and the connection ends', async () => {
    const answer = await raw(
      await served(),
      `GET /livez HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999\r\n\r\nbegin`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  test('long headers', async () => {
    const answer = await raw(
      await served(),
      `GET /livez HTTP/1.1\r\nhost: x\r\ncookie: ${'x'.repeat(9_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('what is not HTTP', async () => {
    expect(await raw(await served(), 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('more connections than a scraper and a kubelet need: the oldest is ended, and who comes is answered', async () => {
    const server = await served({ requestWithinMs: 60_000, silentMs: 60_000 });
    const sockets: Socket[] = [];
    for (let count = 0; count < 64; count += 1) {
      const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      sockets.push(socket.resume());
    }
    const [oldest] = sockets;
    const ended = new Promise((resolve) => oldest?.once('close', resolve));
    expect(await ask(server, '/livez')).toMatchObject({ status: 200 });
    await ended;
    expect(sockets.filter(({ closed }) => closed)).toHaveLength(1);
    for (const socket of sockets) socket.destroy();
  });
});

describe('who holds a connection open is ended:', () => {
  test('with a request that does not come to its end', async () => {
    const server = await served({ requestWithinMs: 50, silentMs: 60_000 });
    expect(await raw(server, 'GET /livez HTTP/1.1\r\nhost: ')).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('with a connection on which nothing passes', async () => {
    const metrics = (): Promise<never> => new Promise(() => undefined);
    const server = await served({ silentMs: 50, metrics });
    expect(await ask(server, '/metrics').catch(codeOf)).toBe('ECONNRESET');
  });
});

test('a connection that cannot be accepted ends nothing', async () => {
  const telemetry = await served();
  const { promise: begun, resolve } = Promise.withResolvers<unknown>();
  subscribe('http.server.request.start', resolve);
  await ask(telemetry, '/livez');
  unsubscribe('http.server.request.start', resolve);
  const { server } = (await begun) as { server: Server }; // as Node documents the channel
  // As Node says that there are too many open files.
  server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  expect((await ask(telemetry, '/livez')).status).toBe(200);
});

describe('the port', () => {
  test('that is taken is an error with a next step', async () => {
    const { port } = await served();
    await expect(served({ port })).rejects.toMatchObject({
      code: 'PortTaken',
      message: `health and metrics: another process listens on 127.0.0.1:${port}; end it, or give --telemetry-address another port`,
    });
  });

  test('on an address that this host has not, too', async () => {
    await expect(served({ host: '203.0.113.1' })).rejects.toMatchObject({
      code: 'ListenFailed',
      message: expect.stringContaining('cannot listen on 203.0.113.1:0 (EADDRNOTAVAIL); '),
    });
  });

  test('is open to all addresses when none is named', async () => {
    expect((await ask(await served({ host: '' }), '/livez')).status).toBe(200);
  });

  test('is free again after close, which waits for no request and may come twice', async () => {
    const { promise: asked, resolve: reached } = Promise.withResolvers<void>();
    // Nobody else listens there, and takes the port while it is free.
    const host = '127.0.0.24';
    const server = await served({
      host,
      requestWithinMs: 60_000,
      silentMs: 60_000,
      metrics: () => {
        reached();
        return new Promise(() => undefined);
      },
    });
    const hanging = ask(server, '/metrics', { host }).catch(codeOf);
    await asked;
    await server.close();
    await server.close();
    expect(await hanging).toBe('ECONNRESET');
    await expect(ask(server, '/livez', { host })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect((await served({ host, port: server.port })).port).toBe(server.port);
  }, 30_000); // sooner than a silent connection is cut off
});

test('no answer holds a secret, whoever put it there', async () => {
  const token = new Secret('planted-Zq8Wn4Xv7Rb2Kd9T').expose();
  const checks = [{ name: 'cache-pipelines', ok: false, message: `is empty: ${token}` }];
  const server = await served({
    live: () => ({ ok: false, checks }),
    metrics: () => Promise.resolve({ contentType: 'text/plain', text: `up{why="${token}"} 1\n` }),
  });
  const answers = [await ask(server, '/livez'), await ask(server, '/metrics')];
  expect(answers.map(({ body }) => body)).toEqual([
    '[-]cache-pipelines failed: is empty: [redacted]\nlivez check failed\n',
    'up{why="[redacted]"} 1\n',
  ]);
  expect(answers.map(({ headers, body }) => Number(headers['content-length']) - body.length)).toEqual([0, 0]);
});
