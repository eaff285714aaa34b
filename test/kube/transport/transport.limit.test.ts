import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import type { EndedCall } from '../../../src/kube/transport/transport.ts';
import { refusal, Stream, type Answer } from '../scripted-api.ts';
import { closeOpened, failureOf, get, openTransport, post, well } from './transporting.ts';

afterEach(closeOpened);

const boats = '/apis/canal.test/v1/namespaces/canal/boats';

describe('our own limit of calls', () => {
  test('fails at once what it would hold back beyond the deadline', async () => {
    const { api, transport } = await openTransport([well], { callsPerSecond: 0.01, burst: 1 });
    await transport.call(post());
    expect(await failureOf(transport.call(post({ timeoutMs: 20_000 })))).toMatchObject({
      code: 'Timeout',
      message: expect.stringMatching(
        /^POST \/api\/v1\/namespaces\/apps: not sent, as our own limit of calls would hold it back for \d+ ms, longer than its 20000 ms$/,
      ),
    });
    expect(api.asked).toHaveLength(1);
  });

  test('lets go who waits and is stopped', async () => {
    const { api, transport } = await openTransport([well], { callsPerSecond: 0.1, burst: 1 });
    await transport.call(post());
    const stopping = new AbortController();
    const failure = failureOf(transport.call(post({ signal: stopping.signal })));
    stopping.abort(new Error('enough'));
    expect(await failure).toMatchObject({ message: 'enough' });
    expect(api.asked).toHaveLength(1);
  });

  test('counts each attempt of a read, which fails as its last one did when there is no time for another', async () => {
    const starting = refusal(503, 'ServiceUnavailable', 'starting');
    const { api, transport } = await openTransport([starting], { callsPerSecond: 0.01, burst: 2 });
    expect(await failureOf(transport.call(get()))).toMatchObject({ code: 'Unavailable', status: 503 });
    expect(api.asked).toHaveLength(2);
  });

  test('does not hold back watches', async () => {
    const { api, transport } = await openTransport(() => new Stream(), { callsPerSecond: 0.01, burst: 1 });
    const { signal } = new AbortController();
    for (let time = 0; time < 5; time += 1) await transport.watch(boats, { watch: 'true' }, signal);
    expect(api.open()).toBe(5);
  });

  test('lets nobody wait when the transport is closed', async () => {
    const { transport } = await openTransport([well], { callsPerSecond: 0.1, burst: 1 });
    await transport.call(post());
    const waiting = failureOf(transport.call(post()));
    await transport.close();
    expect(await waiting).toMatchObject({ code: 'Unavailable' });
  });
});

test('a read that closing has ended is not sent again', async () => {
  const calls: EndedCall[] = [];
  const { api, transport } = await openTransport(['never'], { onCall: (ended) => calls.push(ended) });
  const failure = failureOf(transport.call(get()));
  await eventually('it is asked', () => api.asked.length === 1);
  await transport.close();
  expect(await failure).toMatchObject({ code: 'Unavailable' });
  expect(calls).toHaveLength(1);
});

test('a read that waits to be sent again is ended by closing', async () => {
  const calls: EndedCall[] = [];
  const busy = { status: 429, headers: { 'retry-after': '3600' } };
  const { transport } = await openTransport([busy], { onCall: (ended) => calls.push(ended) });
  const failure = failureOf(transport.call(get({ timeoutMs: 2 * 3_600_000 })));
  await eventually('it is refused', () => calls.length === 1);
  await transport.close();
  expect(await failure).toMatchObject({ code: 'TooManyRequests' });
  expect(calls).toHaveLength(1);
});

describe('a call of high priority', () => {
  test('goes before ten thousand status writes that wait for our limit, the second time too', async () => {
    const starting = [refusal(503, 'ServiceUnavailable', 'starting')];
    const { api, transport } = await openTransport(
      ({ method }) => (method === 'PUT' ? starting.pop() : undefined) ?? well,
      { callsPerSecond: 10, burst: 1 },
    );
    const stopping = new AbortController();
    const write = post({
      method: 'PATCH',
      path: `${boats}/anna/status`,
      signal: stopping.signal,
      timeoutMs: 3_600_000,
    });
    const writes = Array.from({ length: 10_000 }, () => failureOf(transport.call(write)).catch(() => 'done'));
    const lease = '/apis/coordination.k8s.io/v1/namespaces/keeper/leases/keeper';
    await transport.call(get({ method: 'PUT', path: lease, body: {}, priority: 'high' }));
    expect(api.asked.filter(({ method }) => method === 'PATCH').length).toBeLessThan(100);
    expect(api.asked.filter(({ method }) => method === 'PUT')).toHaveLength(2);
    stopping.abort(new Error('enough'));
    await Promise.all(writes);
  });

  test('waits for no connection that slow calls hold', async () => {
    const { api, transport } = await openTransport(({ method }) => (method === 'PUT' ? well : 'never'));
    const stopping = new AbortController();
    // Far longer than the other has: that one must not be let in by their end.
    const held = post({ signal: stopping.signal, timeoutMs: 3_600_000 });
    const slow = Array.from({ length: 40 }, () => failureOf(transport.call(held)));
    await eventually('all connections are taken', () => api.pending() === 16);
    expect(await transport.call(get({ method: 'PUT', body: {}, priority: 'high' }))).toEqual({ ok: true });
    expect(api.asked.filter(({ method }) => method === 'POST')).toHaveLength(16);
    stopping.abort(new Error('enough'));
    await Promise.all(slow);
  });
});

describe('each attempt is told of once', () => {
  const told = (calls: readonly EndedCall[]): string[] =>
    calls.map(({ verb, resource, code, milliseconds }) => {
      expect(milliseconds).toBeGreaterThan(0);
      return `${verb} ${resource} ${code}`;
    });

  test.each<[string, readonly Answer[], readonly string[]]>([
    ['that went well', [well], ['patch boats/status 200']],
    ['that was refused', [refusal(409, 'Conflict', 'changed')], ['patch boats/status 409']],
    ['that is not JSON', [{ body: '<html>' }], ['patch boats/status 200']],
    ['without an answer', ['lost'], ['patch boats/status Unavailable']],
    ['that broke off', [new Stream().write('{').lose()], ['patch boats/status Unavailable']],
    [
      'with another token',
      [refusal(401, 'Unauthorized', 'Unauthorized'), well],
      ['patch boats/status 401', 'patch boats/status 200'],
    ],
    ['that came too late', ['never'], ['patch boats/status Timeout']],
  ])('%s', async (_, answers, said) => {
    const calls: EndedCall[] = [];
    const { transport } = await openTransport(answers, { onCall: (ended) => calls.push(ended) });
    const timeoutMs = answers[0] === 'never' ? 200 : 20_000;
    await transport.call(post({ method: 'PATCH', path: `${boats}/anna/status`, timeoutMs })).catch(() => {});
    expect(told(calls)).toEqual(said);
  });

  test('of a read that is sent again, and of a call that was stopped', async () => {
    const calls: EndedCall[] = [];
    const { api, transport } = await openTransport([{ status: 503 }, 'never'], {
      onCall: (ended) => calls.push(ended),
    });
    const stopping = new AbortController();
    const failure = failureOf(transport.call(get({ path: boats, signal: stopping.signal })));
    await eventually('it is asked twice', () => api.asked.length === 2);
    stopping.abort(new Error('enough'));
    await failure;
    expect(told(calls)).toEqual(['list boats 503', 'list boats Aborted']);
  });

  test('a watch when its answer begins, and not when it ends', async () => {
    const calls: EndedCall[] = [];
    const { transport } = await openTransport(
      [refusal(410, 'Expired', 'too old'), new Stream().write('begun').lose()],
      {
        onCall: (ended) => calls.push(ended),
      },
    );
    const { signal } = new AbortController();
    expect(await failureOf(transport.watch(boats, { watch: 'true' }, signal))).toMatchObject({
      code: 'Gone',
    });
    const watch = await transport.watch(boats, { watch: 'true' }, signal);
    expect(told(calls)).toEqual(['watch boats 410', 'watch boats 200']);
    expect(await failureOf(readAll(watch))).toMatchObject({ code: 'Unavailable' });
    expect(calls).toHaveLength(2);
  });
});

async function readAll(watch: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const piece of watch) bytes += piece.byteLength;
  return bytes;
}
