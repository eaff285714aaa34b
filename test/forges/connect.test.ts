import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Secret } from '../../src/base/secret.ts';
import { connect } from '../../src/forges/connect.ts';
import { providers } from '../../src/forges/index.ts';
import { makeCertificate } from '../certificate.ts';
import { followSockets } from '../closed-sockets.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { call, failureOf } from './github/opened.ts';
import { startScripted, type Scripted } from './scripted.ts';

const repository = { owner: 'acme', name: 'fleet' };

describe('a forge with a certificate of its own', () => {
  const { cert: certificate, key } = makeCertificate('forge');
  let server: Scripted;

  beforeAll(async () => {
    server = await startScripted(() => ({ body: { login: 'ada', id: 1, type: 'User' } }), {
      key,
      cert: certificate,
    });
  });

  afterAll(() => server.close());

  const describeToken = async (ca?: string): Promise<unknown> => {
    const connection = connect({
      host: 'git.acme.example',
      provider: 'github',
      apiUrl: server.url,
      allowPrivateNetwork: true,
      ...(ca === undefined ? {} : { ca }),
    });
    try {
      return await providers.github
        .identity(connection)
        .describeToken(new Secret('ghp_aaaaaaaaaaaaaaaa'), { repository }, call());
    } finally {
      await connection.close();
    }
  };

  test('is trusted when the operator gives its authority', async () => {
    expect(await describeToken(certificate)).toMatchObject({ owner: { login: 'ada' } });
  });

  test('is trusted beside those of the system, which an archive may come from', async () => {
    const system = getCACertificates('default');
    setDefaultCACertificates([...system, certificate]);
    try {
      expect(await describeToken(makeCertificate('another').cert)).toMatchObject({ owner: { login: 'ada' } });
    } finally {
      setDefaultCACertificates(system);
    }
  });

  test('is not trusted otherwise, and the message says what to give', async () => {
    expect(await failureOf(describeToken())).toMatchObject({
      code: 'Unavailable',
      message:
        "git.acme.example has a certificate that is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT); give the authority that signed it as the forge's caFile",
    });
  });
});

test('a forge that nobody runs cannot be reached', async () => {
  // A port below those that are given to whoever asks for any.
  const apiUrl = 'http://127.0.0.1:1';
  const connection = connect({
    host: 'git.acme.example',
    provider: 'github',
    apiUrl,
    allowPrivateNetwork: true,
  });
  const asking = providers.github
    .identity(connection)
    .describeToken(new Secret('ghp_aaaaaaaaaaaaaaaa'), { repository }, call());
  expect(await failureOf(asking)).toMatchObject({
    code: 'Unavailable',
    message: expect.stringContaining('(ECONNREFUSED)'),
  });
  await connection.close();
});

test('a socket that is closed is not kept in memory', async () => {
  const sockets = followSockets();
  const server = await startScripted(() => ({
    headers: { connection: 'close' },
    body: { login: 'ada', id: 1, type: 'User' },
  }));
  const connection = connect({
    host: 'github.com',
    provider: 'github',
    apiUrl: server.url,
    allowPrivateNetwork: true,
  });
  const identity = providers.github.identity(connection);
  for (let time = 0; time < 30; time += 1)
    await identity.describeToken(new Secret('ghp_small'), { repository }, call());
  // One more to learn whose it is.
  expect(sockets.opened()).toBe(31);
  // The last ones may be on their way yet.
  await eventually('few are left', () => sockets.kept() < 5);
  sockets.stop();
  await connection.close();
  await server.close();
});

test('an answer may come zipped, and is bounded as it unpacks', async () => {
  const user = { login: 'ada', id: 1, type: 'User', bio: '' };
  const server = await startScripted(({ headers }) => ({
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    body: gzipSync(
      JSON.stringify({ ...user, bio: 'x'.repeat(headers.authorization?.includes('large') ? 9e6 : 9) }),
    ),
  }));
  const connection = connect({
    host: 'github.com',
    provider: 'github',
    apiUrl: server.url,
    allowPrivateNetwork: true,
  });
  const describeToken = (token: string) =>
    providers.github.identity(connection).describeToken(new Secret(token), { repository }, call());
  expect(await describeToken('ghp_small')).toMatchObject({ owner: { login: 'ada' } });
  expect(await failureOf(describeToken('ghp_large'))).toMatchObject({
    code: 'Malformed',
    message: expect.stringContaining('it is too large'),
  });
  expect(server.asked[0]?.headers['accept-encoding']).toBe('gzip');
  await server.close();
  await connection.close();
});

test('what is remembered is bounded', () => {
  const { memory } = connect({ host: 'github.com', provider: 'github', apiUrl: 'https://api.github.com' });
  memory.set('first', 'x');
  memory.set('too large', 'x'.repeat(10_000_000));
  expect(memory.get('first')).toBe('x');
  expect(memory.get('too large')).toBeUndefined();
  for (let at = 0; at < 100; at += 1) memory.set(`${at}`, 'x'.repeat(100_000));
  expect(memory.get('first')).toBeUndefined();
  expect(memory.get('99')).toHaveLength(100_000);
  memory.delete('99');
  expect(memory.get('99')).toBeUndefined();
});

test("a server of one's own has GraphQL beside its REST API", async () => {
  const server = await startScripted(() => ({
    body: { data: { repository: { id: 'R_1', base: null, head: null } } },
  }));
  const connection = connect({
    host: 'git.acme.example',
    provider: 'github',
    apiUrl: `${server.url}/api/v3`,
    allowPrivateNetwork: true,
  });
  const forge = providers.github.open(
    connection,
    { owner: 'acme', name: 'fleet' },
    { value: new Secret('ghp_aaaaaaaaaaaaaaaa') },
  );
  await forge.look({ baseBranch: 'main', headBranch: 'p', paths: [] }, call());
  expect(server.asked.map(({ url }) => url)).toEqual(['/api/graphql']);
  await server.close();
  await connection.close();
});

test('many requests share few sockets', async () => {
  const sockets = new Set<unknown>();
  const server = await startScripted(
    () => ({ body: { login: 'ada', id: 1, type: 'User' } }),
    undefined,
    (socket) => sockets.add(socket),
  );
  const connection = connect({
    host: 'github.com',
    provider: 'github',
    apiUrl: server.url,
    allowPrivateNetwork: true,
  });
  const identity = providers.github.identity(connection);
  await Promise.all(
    Array.from({ length: 200 }, () =>
      identity.describeToken(new Secret('ghp_aaaaaaaaaaaaaaaa'), { repository }, call()),
    ),
  );
  expect(server.asked).toHaveLength(400);
  expect(sockets.size).toBeLessThanOrEqual(32);
  await server.close();
  await connection.close();
});

test('a forge that takes connections and says nothing holds nobody up who stops, nor the end', async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const connection = connect({
    host: 'github.com',
    provider: 'github',
    apiUrl: `https://127.0.0.1:${port}`,
    allowPrivateNetwork: true,
  });
  const identity = providers.github.identity(connection);
  const stopping = new AbortController();
  const token = new Secret('ghp_aaaaaaaaaaaaaaaa');
  const stopped = failureOf(identity.describeToken(token, { repository }, { signal: stopping.signal }));
  const ended = failureOf(identity.describeToken(token, { repository }, call()));
  await eventually('they are being connected', () => sockets.size === 2);
  stopping.abort(new Error('enough'));
  expect(await stopped).toMatchObject({ message: 'enough' });
  await connection.close();
  expect(await ended).toMatchObject({ code: 'Unavailable' });
  await eventually('no connection is left', () => sockets.size === 0, { deadlineMs: 8_000 });
  server.close();
  // Before connecting is given up by itself.
}, 9_000);
