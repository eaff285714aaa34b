import { afterEach, describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import type { TlsMaterial } from '../../../src/kube/transport/connection.ts';
import { inCluster } from '../../../src/kube/clusters/in-cluster.ts';
import { makeCertificate } from '../../certificate.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { AccountVolume } from '../clusters/account-volume.ts';
import { refusal, Stream, type Answer, type Asked } from '../scripted-api.ts';
import { closeOpened, failureOf, get, openTransport, post, well, type Opened } from './transporting.ts';

const volumes: AccountVolume[] = [];
afterEach(async () => {
  await closeOpened();
  for (const volume of volumes.splice(0)) volume.remove();
});

interface InPod extends Opened {
  readonly volume: AccountVolume;
  readonly troubles: string[];
}

/** A transport with a Pod's service account on disk. The first authority is the server's own. */
async function openInPod(answer: (asked: Asked) => Answer): Promise<InPod> {
  const volume = new AccountVolume({ token: 'first', 'ca.crt': 'still to come' });
  volumes.push(volume);
  const troubles: string[] = [];
  const opened = await openTransport(answer, {
    connection: ({ server, tls }) => {
      volume.replace({ token: 'first', 'ca.crt': tls({ fresh: false }).ca });
      const { hostname, port } = new URL(server);
      const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
      return inCluster(volume.folder, env, ({ message }) => void troubles.push(message));
    },
  });
  return { ...opened, volume, troubles };
}

async function* textOf(watch: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const bytes of watch) yield Buffer.from(bytes).toString('utf8');
}

const watchPath = '/api/v1/pods';
const bearer = (token: string) => (asked: Asked) =>
  asked.headers.authorization === `Bearer ${token}` ? well : refusal(401, 'Unauthorized', 'Unauthorized');

describe('a token rotated on disk under a running transport', () => {
  test('is used as soon as the old one is refused, and from then on', async () => {
    let valid = bearer('first');
    const { api, transport, volume } = await openInPod((asked) => valid(asked));
    await transport.call(get());
    volume.replace({ token: 'second', 'ca.crt': api.connection.tls({ fresh: false }).ca });
    valid = bearer('second');
    for (const request of [post(), post()]) expect(await transport.call(request)).toEqual({ ok: true });
    expect(api.asked.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer first',
      'Bearer second',
      'Bearer second',
    ]);
  });

  test('and then not to be read leaves the old one in use, and is told once', async () => {
    const { transport, volume, troubles } = await openInPod(bearer('second'));
    volume.replace({});
    for (const request of [get(), get(), post()])
      expect(await failureOf(transport.call(request))).toMatchObject({ code: 'Unauthorized' });
    expect(troubles.toSorted()).toEqual([
      expect.stringMatching(/^cannot read .*\/ca\.crt \(ENOENT\)$/),
      expect.stringMatching(/^cannot read .*\/token \(ENOENT\)$/),
    ]);
    volume.replace({ token: 'second' });
    expect(await transport.call(post())).toEqual({ ok: true });
  });
});

describe('an authority rotated on disk under a running transport', () => {
  test('is used for what connects from then on, writes too, while the running watch goes on', async () => {
    const stream = new Stream().write('before');
    const { api, transport, volume } = await openInPod(({ path }) => (path === watchPath ? stream : well));
    const watching = new AbortController();
    const lines = textOf(await transport.watch(watchPath, {}, watching.signal));
    expect((await lines.next()).value).toBe('before');
    await transport.call(get());

    const second = makeCertificate();
    volume.replace({ token: 'first', 'ca.crt': second.cert });
    api.present(second);
    await eventually('what was idle is closed', () => api.open() === 1);
    expect(await transport.call(post())).toEqual({ ok: true });
    expect(api.asked.filter(({ method }) => method === 'POST')).toHaveLength(1);

    stream.write('after').end();
    expect((await lines.next()).value).toBe('after');
    expect(await lines.next()).toMatchObject({ done: true });
    await eventually('only the new connection is left', () => api.open() === 1);
  });

  test('is used for new watches', async () => {
    const { api, transport, volume } = await openInPod(() => new Stream().write('begun').end());
    const second = makeCertificate();
    volume.replace({ token: 'first', 'ca.crt': second.cert });
    api.present(second);
    const lines = textOf(await transport.watch(watchPath, {}, new AbortController().signal));
    expect((await lines.next()).value).toBe('begun');
    await lines.return(undefined);
  });

  test('that is not the server’s is read once more, and not tried again where it is the same', async () => {
    const { api, transport } = await openInPod(() => well);
    api.present(makeCertificate());
    expect(await failureOf(transport.call(post()))).toMatchObject({
      code: 'Unavailable',
      message: 'POST /api/v1/namespaces/apps: no answer (DEPTH_ZERO_SELF_SIGNED_CERT)',
    });
    expect([api.accepted(), api.asked]).toEqual([1, []]);
  });

  test('is found by all calls that run at the time', async () => {
    const { api, transport, volume } = await openInPod(() => well);
    const second = makeCertificate();
    volume.replace({ token: 'first', 'ca.crt': second.cert });
    api.present(second);
    const answers = await Promise.all(Array.from({ length: 40 }, () => transport.call(post())));
    expect(answers).toHaveLength(40);
    expect(api.asked).toHaveLength(40);
  });
});

describe('a client certificate', () => {
  test('that is replaced is shown by the next call', async () => {
    const [first, second] = [makeCertificate('anna'), makeCertificate('berta')];
    let shown = first;
    const { api, transport } = await openTransport([well], {
      serverTls: { requestCert: true, rejectUnauthorized: true, ca: [first.cert, second.cert] },
      connection: (own) => ({
        ...own,
        tls: (ask): TlsMaterial => ({
          ...own.tls(ask),
          clientCertificate: { cert: shown.cert, key: new Secret(shown.key) },
        }),
      }),
    });
    await transport.call(get());
    await transport.call(get());
    shown = second;
    await transport.call(get());
    expect(api.asked.map(({ client }) => client)).toEqual(['anna', 'anna', 'berta']);
    await eventually('the first connection is closed', () => api.open() === 1);
  });
});

describe('a thousand rotations', () => {
  test('leave no connection open but the last, and the one of the watch that still runs', async () => {
    const stream = new Stream().write('before');
    let time = 0;
    const { api, transport } = await openTransport(({ path }) => (path === watchPath ? stream : well), {
      callsPerSecond: 1e6,
      connection: (own) => ({
        ...own,
        tls: (ask) => ({ ca: `${own.tls(ask).ca}# ${time}\n` }),
      }),
    });
    const lines = textOf(await transport.watch(watchPath, {}, new AbortController().signal));
    await lines.next();
    let most = 0;
    for (; time < 1000; time += 1) {
      await transport.call(get());
      most = Math.max(most, api.open());
    }
    process.stderr.write(`at most ${most} connections at once\n`);
    expect(most).toBeLessThan(20);
    await eventually('two are left', () => api.open() === 2);
    stream.write('after').end();
    expect((await lines.next()).value).toBe('after');
    await lines.next();
    await eventually('one is left', () => api.open() === 1);
  }, 60_000);

  test('are ended by closing, with the watch that runs since before the first', async () => {
    let time = 0;
    const { api, transport } = await openTransport(
      ({ path }) => (path === watchPath ? new Stream().write('before') : well),
      { connection: (own) => ({ ...own, tls: (ask) => ({ ca: `${own.tls(ask).ca}# ${time}\n` }) }) },
    );
    const lines = textOf(await transport.watch(watchPath, {}, new AbortController().signal));
    await lines.next();
    for (; time < 3; time += 1) await transport.call(get());
    const ended = failureOf(lines.next());
    await transport.close();
    expect(await ended).toMatchObject({ code: 'Unavailable' });
    await eventually('nothing is open', () => api.open() === 0);
    expect(await failureOf(transport.call(get()))).toMatchObject({ code: 'Unavailable' });
  });
});
