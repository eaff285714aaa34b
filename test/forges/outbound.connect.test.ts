import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type LookupFunction } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect, type OpenConnection } from '../../src/forges/connect.ts';
import { Secret } from '../../src/base/secret.ts';
import type { Endpoint } from '../../src/forges/connection.ts';
import { providers } from '../../src/forges/index.ts';
import { makeCertificate } from '../certificate.ts';
import { call, failureOf, id, type Failure } from './github/opened.ts';
import { startScripted, type Answer } from './scripted.ts';

const token = `ghp_${'a'.repeat(36)}`;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** Listens at every address of this machine; counts who comes and what they send. */
interface Victim {
  readonly port: number;
  readonly seen: { connections: number; bytes: number };
}

async function startVictim(): Promise<Victim> {
  const seen = { connections: 0, bytes: 0 };
  const server = createServer((socket) => {
    seen.connections += 1;
    socket.on('error', () => undefined).on('data', (chunk) => (seen.bytes += chunk.length));
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
  }).listen(0);
  closing.push(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return { port, seen };
}

/** A resolver that knows these names, aliases among them, and counts what it is asked. */
function zone(records: Readonly<Record<string, string | readonly string[]>>): {
  readonly resolve: LookupFunction;
  readonly asked: string[];
} {
  const asked: string[] = [];
  return {
    asked,
    resolve: (host, _, callback) => {
      asked.push(host);
      let found = records[host];
      while (typeof found === 'string') found = records[found]; // a CNAME is followed, and not told of
      if (found === undefined)
        return callback(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), []);
      callback(
        null,
        found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    },
  };
}

function opened(
  endpoint: Partial<Endpoint> & Pick<Endpoint, 'apiUrl'>,
  resolve?: LookupFunction,
): OpenConnection {
  const connection = connect(
    { host: 'git.acme.example', provider: 'github', ...endpoint },
    resolve === undefined ? {} : { resolve },
  );
  closing.push(() => connection.close());
  return connection;
}

/** What a call with a token comes to. */
async function asked(connection: OpenConnection): Promise<Failure> {
  const forge = providers.github.open(
    connection,
    { owner: 'acme', name: 'fleet' },
    { value: new Secret(token) },
  );
  return await failureOf(forge.pullRequest(7, call()));
}

describe('nothing is sent to an address that the operator has not allowed:', () => {
  let victim: Victim;
  beforeEach(async () => void (victim = await startVictim()));

  test.each([
    ['loopback', '127.0.0.1', 'loopback'],
    ['another loopback', '127.8.9.10', 'loopback'],
    ['localhost', 'localhost', 'loopback'],
    ['IPv6 loopback', '[::1]', 'loopback'],
    ['IPv4-mapped', '[::ffff:127.0.0.1]', 'loopback'],
    ['NAT64', '[64:ff9b::127.0.0.1]', 'loopback'],
    ['decimal', '2130706433', 'loopback'],
    ['octal', '0177.0.0.1', 'loopback'],
    ['hexadecimal', '0x7f000001', 'loopback'],
    ['short', '127.1', 'loopback'],
    ['0.0.0.0', '0.0.0.0', 'unspecified'],
    ['zero', '0', 'unspecified'],
    ['unspecified IPv6', '[::]', 'unspecified'],
    ['private', '10.0.0.1', 'private'],
    ['link-local', '169.254.1.1', 'link-local'],
    ['IPv6 link-local', '[fe80::1]', 'link-local'],
    ['metadata', '169.254.169.254', 'metadata'],
    ['metadata, mapped', '[::ffff:a9fe:a9fe]', 'metadata'],
    ['metadata by IPv6', '[fd00:ec2::254]', 'metadata'],
  ])('%s', async (_, host, kind) => {
    for (const scheme of ['http', 'https']) {
      const failure = await asked(opened({ apiUrl: `${scheme}://${host}:${victim.port}` }));
      expect(failure).toMatchObject({
        name: 'ForgeError',
        code: 'AddressNotAllowed',
        message: expect.stringMatching(
          new RegExp(`^git\\.acme\\.example: nothing is sent to .* an? ${kind} address, `),
        ),
      });
    }
    expect(victim.seen).toEqual({ connections: 0, bytes: 0 });
  });

  const { resolve } = zone({
    'one.example': ['127.0.0.1'],
    'six.example': ['::1'],
    'mapped.example': ['::ffff:127.0.0.1'],
    'last.example': ['198.51.100.7', '140.82.121.6', '127.0.0.1'],
    'first.example': ['127.0.0.1', '140.82.121.6'],
    'alias.example': 'inner.example',
    'inner.example': 'one.example',
    'metadata.example': ['169.254.169.254'],
  });

  test.each([
    ['a name that resolves to a private address', 'one.example'],
    ['a name that resolves to an IPv6 address of this machine', 'six.example'],
    ['a name that resolves to a mapped address', 'mapped.example'],
    ['several answers of which the last one is private', 'last.example'],
    ['several answers of which the first one is private', 'first.example'],
    ['CNAME to private', 'alias.example'],
    ['a name that resolves to metadata', 'metadata.example'],
  ])('%s', async (_, name) => {
    for (const scheme of ['http', 'https'])
      expect(await asked(opened({ apiUrl: `${scheme}://${name}:${victim.port}` }, resolve))).toMatchObject({
        code: 'AddressNotAllowed',
      });
    expect(victim.seen).toEqual({ connections: 0, bytes: 0 });
  });

  test('metadata, though the operator has allowed the private network', async () => {
    const allowed = { allowPrivateNetwork: true, apiUrl: `http://metadata.example:${victim.port}` };
    expect(await asked(opened(allowed, resolve))).toMatchObject({
      code: 'AddressNotAllowed',
      message:
        "git.acme.example: nothing is sent to metadata.example: it has a metadata address, where no forge is; correct its name in DNS, or the forge's apiURL",
    });
  });

  test('rebinding: a name that was ours when the operator looked, and leads elsewhere at the next connection', async () => {
    const server = await startScripted(() => ({ headers: { connection: 'close' }, status: 404, body: {} }));
    closing.push(() => server.close());
    const port = Number(new URL(server.url).port);
    const answers = ['127.0.0.1', '169.254.169.254'];
    const rebinding: LookupFunction = (_, __, callback) =>
      callback(null, [{ address: answers.shift() ?? '', family: 4 }]);
    const connection = opened(
      { allowPrivateNetwork: true, apiUrl: `http://git.acme.example:${port}` },
      rebinding,
    );
    expect(await asked(connection)).toMatchObject({ code: 'NotFound' });
    expect(await asked(connection)).toMatchObject({ code: 'AddressNotAllowed' });
    expect(server.asked).toHaveLength(1);
  });
});

test('a name is looked up once a connection, and not once a request', async () => {
  const sockets = new Set<unknown>();
  const server = await startScripted(
    () => ({ status: 404, body: {} }),
    undefined,
    (socket) => sockets.add(socket),
  );
  closing.push(() => server.close());
  const names = zone({ 'git.acme.example': ['127.0.0.1'] });
  const { port } = new URL(server.url);
  const connection = opened(
    { allowPrivateNetwork: true, apiUrl: `http://git.acme.example:${port}` },
    names.resolve,
  );
  for (let time = 0; time < 20; time += 1) await asked(connection);
  expect(server.asked).toHaveLength(20);
  expect(names.asked).toHaveLength(sockets.size);
  expect(sockets.size).toBeLessThan(5);
});

describe('nothing and nobody is followed:', () => {
  /** A forge that redirects everything; what it redirects to listens, and must not hear of it. */
  async function redirected(
    status: number,
    to: (victim: Victim) => string,
  ): Promise<[OpenConnection, Victim]> {
    const victim = await startVictim();
    const server = await startScripted((): Answer => ({
      status,
      headers: { location: to(victim) },
      body: {},
    }));
    closing.push(() => server.close());
    return [opened({ apiUrl: server.url, allowPrivateNetwork: true }), victim];
  }

  const targets: readonly [string, (victim: Victim) => string][] = [
    ['another origin', ({ port }) => `http://localhost:${port}/repos/acme/fleet/pulls/7`],
    ['its own host on an unlisted port', ({ port }) => `http://127.0.0.1:${port}/`],
    ['another scheme', ({ port }) => `https://127.0.0.1:${port}/`],
    ['metadata', () => 'http://169.254.169.254/latest/meta-data/iam/security-credentials/'],
    ['metadata by https', () => 'https://169.254.169.254/latest/'],
  ];
  const rows = targets.flatMap(([name, to]) =>
    [301, 302, 303, 307, 308].map((status) => [status, name, to] as const),
  );

  test.each(rows)('%d to %s', async (status, _, to) => {
    const [connection, victim] = await redirected(status, to);
    expect(await asked(connection)).toMatchObject({
      code: 'NotFound',
      message: expect.stringMatching(/ has moved; use its new name$/),
    });
    expect(victim.seen).toEqual({ connections: 0, bytes: 0 });
  });

  test.each([
    [
      'another name in the clear',
      ({ port }: Victim) => `http://localhost:${port}/`,
      'a link may lead to https alone',
    ],
    [
      'https on an unlisted port',
      ({ port }: Victim) => `https://127.0.0.1:${port}/`,
      'a link may lead to port 443 alone',
    ],
    ['metadata in the clear', () => 'http://169.254.169.254/latest/', 'a link may lead to https alone'],
    ['metadata', () => 'https://169.254.169.254/latest/', 'a link may lead to names alone'],
    ['metadata by IPv6', () => 'https://[fd00:ec2::254]/latest/', 'a link may lead to names alone'],
    [
      'userinfo',
      ({ port }: Victim) => `http://ada:x@127.0.0.1:${port}/`,
      'its URL holds a user name or password',
    ],
    [
      'a look-alike',
      () => 'https://codeload.xn--gthub-n4a.com/',
      'its name has letters that may only look like',
    ],
  ])('the link to an archive, to %s', async (_, to, why) => {
    const [connection, victim] = await redirected(302, to);
    const forge = providers.github.open(
      connection,
      { owner: 'acme', name: 'fleet' },
      { value: new Secret(token) },
    );
    const everything = { commit: id('a'), wanted: () => true, take: () => undefined };
    expect(await failureOf(forge.streamArchive(everything, call()))).toMatchObject({
      code: 'AddressNotAllowed',
      message: expect.stringContaining(why),
    });
    expect(victim.seen).toEqual({ connections: 0, bytes: 0 });
  });

  test('the link to an archive, to a name that has a private address', async () => {
    const victim = await startVictim();
    const names = zone({ 'archive.example': ['127.0.0.1'], 'git.acme.example': ['127.0.0.1'] });
    const api = await startScripted(() => ({
      status: 302,
      headers: { location: 'https://archive.example/acme' },
      body: {},
    }));
    closing.push(() => api.close());
    const { port } = new URL(api.url);
    const connection = opened(
      { apiUrl: `http://git.acme.example:${port}`, allowPrivateNetwork: true },
      names.resolve,
    );
    const forge = providers.github.open(
      connection,
      { owner: 'acme', name: 'fleet' },
      { value: new Secret(token) },
    );
    const everything = { commit: id('a'), wanted: () => true, take: () => undefined };
    expect(await failureOf(forge.streamArchive(everything, call()))).toMatchObject({
      code: 'AddressNotAllowed',
      message:
        'git.acme.example: nothing is sent to archive.example: it has a loopback address, and a link to an archive may lead to one only below git.acme.example',
    });
    expect(victim.seen.connections).toBe(0);
  });

  test('change of scheme: a forge that speaks https is never spoken to in the clear', async () => {
    const victim = await startVictim();
    const connection = opened({ apiUrl: `https://127.0.0.1:${victim.port}`, allowPrivateNetwork: true });
    const sending = connection.send(`http://127.0.0.1:${victim.port}/`, {
      method: 'GET',
      headers: {},
      signal: call().signal,
    });
    expect(await failureOf(sending)).toMatchObject({ code: 'AddressNotAllowed' });
    expect(victim.seen.connections).toBe(0);
  });
});

test('a proxy from the environment sees nothing', async () => {
  const proxy = await startVictim();
  const { cert, key } = makeCertificate('forge');
  const forges = [
    await startScripted(() => ({ body: { login: 'ada' } })),
    await startScripted(() => ({ body: { login: 'ada' } }), { cert, key }),
  ];
  for (const forge of forges) closing.push(() => forge.close());
  const script = `
    import { connect } from ${JSON.stringify(fileURLToPath(new URL('../../src/forges/connect.ts', import.meta.url)))};
    for (const apiUrl of ${JSON.stringify(forges.map(({ url }) => url))}) {
      const connection = connect({ host: 'git.acme.example', provider: 'github', apiUrl, ca: ${JSON.stringify(cert)}, allowPrivateNetwork: true });
      const signal = new AbortController().signal;
      const answer = await connection.send(apiUrl + '/user', { method: 'GET', headers: { authorization: 'Bearer x' }, signal });
      await answer.discard();
      console.log(answer.status);
      await connection.close();
    }`;
  const url = `http://127.0.0.1:${proxy.port}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    timeout: 20_000,
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: url,
      HTTPS_PROXY: url,
      ALL_PROXY: url,
      http_proxy: url,
      https_proxy: url,
      NO_PROXY: '',
    },
  });
  expect(stdout.trim().split('\n')).toEqual(['200', '200']);
  expect(forges.map((forge) => forge.asked.length)).toEqual([1, 1]);
  expect(proxy.seen).toEqual({ connections: 0, bytes: 0 });
});
