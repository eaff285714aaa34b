import { inspect } from 'node:util';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { makeCertificate } from '../../certificate.ts';
import { refusal, Stream, type Answer } from '../scripted-api.ts';
import { closeOpened, failureOf, get, openTransport, post, well } from './transporting.ts';

afterEach(async () => {
  jest.useRealTimers();
  await closeOpened();
});

/** Milliseconds of patience enough for retries. */
const patientMs = 20_000;

function fakeTimers(): void {
  jest.useFakeTimers({ doNotFake: ['Date', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate'] });
}

describe('a call', () => {
  test('sends token, query and body as JSON, and gives the answer as JSON', async () => {
    const { api, transport } = await openTransport([well], { token: () => new Secret('t0ken') });
    expect(await transport.call(post({ query: { fieldManager: 'a b' } }))).toEqual({ ok: true });
    expect(api.asked).toEqual([
      expect.objectContaining({
        method: 'POST',
        path: '/api/v1/namespaces/apps',
        query: { fieldManager: 'a b' },
        body: { kind: 'Boat' },
        headers: expect.objectContaining({
          authorization: 'Bearer t0ken',
          'content-type': 'application/json',
          accept: 'application/json',
        }),
      }),
    ]);
  });

  test('uses the connections that earlier ones left open', async () => {
    const { api, transport } = await openTransport([well]);
    for (let call = 0; call < 20; call += 1) await transport.call(get());
    expect(api.open()).toBeLessThanOrEqual(2);
  });

  test('an empty answer is nothing', async () => {
    const { transport } = await openTransport([{}]);
    expect(await transport.call(get())).toBeUndefined();
  });

  test('goes to no server that the given authority has not signed', async () => {
    const { api, transport } = await openTransport([well], { tls: { ca: makeCertificate().cert } });
    expect(await failureOf(transport.call(post()))).toMatchObject({
      code: 'Unavailable',
      message: 'POST /api/v1/namespaces/apps: no answer (DEPTH_ZERO_SELF_SIGNED_CERT)',
    });
    expect(api.asked).toEqual([]);
  });

  test('goes to no server that is not the one it is to be', async () => {
    const { api, transport } = await openTransport([well], { tls: { serverName: 'other.test' } });
    expect(await failureOf(transport.call(post()))).toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('(ERR_TLS_CERT_ALTNAME_INVALID)'),
    });
    expect(api.asked).toEqual([]);
  });

  test('shows a client certificate, and checks the server under another name when asked to', async () => {
    const { cert, key } = makeCertificate('boatman');
    const { api, transport } = await openTransport([well], {
      tls: { clientCertificate: { cert, key: new Secret(key) }, serverName: 'api.test' },
      serverTls: { requestCert: true, rejectUnauthorized: true, ca: cert },
    });
    await transport.call(get());
    expect(api.asked).toEqual([expect.objectContaining({ client: 'boatman' })]);
  });

  test('is not sent elsewhere by the server', async () => {
    const { api, transport } = await openTransport([{ status: 302, headers: { location: '/elsewhere' } }]);
    expect(await failureOf(transport.call(get()))).toMatchObject({ code: 'Invalid', status: 302 });
    expect(api.asked).toHaveLength(1);
  });
});

describe('a read', () => {
  test.each<[string, Answer]>([
    ['429', refusal(429, 'TooManyRequests', 'busy')],
    ['500', refusal(500, 'InternalError', 'etcd has no leader')],
    ['503 that is not JSON', { status: 503, body: '<html>' }],
    ['a lost connection', 'lost'],
    ['an answer that breaks off', new Stream().write('{"ok":').lose()],
  ])('is sent again after %s', async (_, answer) => {
    const { api, transport } = await openTransport([answer, well]);
    expect(await transport.call(get({ timeoutMs: patientMs }))).toEqual({ ok: true });
    expect(api.asked).toHaveLength(2);
  });

  test('is given up after four attempts', async () => {
    const { api, transport } = await openTransport([refusal(503, 'ServiceUnavailable', 'starting')]);
    expect(await failureOf(transport.call(get({ timeoutMs: patientMs })))).toMatchObject({
      code: 'Unavailable',
      status: 503,
      message: 'GET /api/v1/namespaces/apps: starting',
    });
    expect(api.asked).toHaveLength(4);
  });

  test.each<[string, Answer]>([
    ['header', { status: 429, headers: { 'retry-after': '1' } }],
    ['body', refusal(429, 'TooManyRequests', 'busy', { retryAfterSeconds: 1 })],
    [
      'date in the header',
      {
        status: 503,
        headers: { date: 'Fri, 02 Jan 1970 00:00:00 GMT', 'retry-after': 'Fri, 02 Jan 1970 00:00:01 GMT' },
      },
    ],
  ])('waits for as long as the %s says', async (_, answer) => {
    const { transport } = await openTransport([answer, well]);
    const began = performance.now();
    await transport.call(get({ timeoutMs: patientMs }));
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
  });

  test('fails at once when the server asks to wait for longer than there is time', async () => {
    const { api, transport } = await openTransport([{ status: 429, headers: { 'retry-after': '3600' } }]);
    expect(await failureOf(transport.call(get({ timeoutMs: 120_000 })))).toMatchObject({
      code: 'TooManyRequests',
      retryAfterMs: 3_600_000,
    });
    expect(api.asked).toHaveLength(1);
  });

  test.each([
    [403, 'Forbidden', 'Forbidden'],
    [404, 'NotFound', 'NotFound'],
    [410, 'Expired', 'Gone'],
    [422, 'Invalid', 'Invalid'],
  ] as const)('is not sent again after %i', async (status, reason, code) => {
    const { api, transport } = await openTransport([refusal(status, reason, 'no')]);
    expect(await failureOf(transport.call(get()))).toMatchObject({ code, status });
    expect(api.asked).toHaveLength(1);
  });
});

describe('a write', () => {
  const failures = (): [string, Answer, string][] => [
    ['429', refusal(429, 'TooManyRequests', 'busy'), 'TooManyRequests'],
    ['503', refusal(503, 'ServiceUnavailable', 'starting'), 'Unavailable'],
    ['a lost connection', 'lost', 'Unavailable'],
    ['an answer that breaks off', new Stream().write('{').lose(), 'Unavailable'],
  ];
  const both = (method: 'POST' | 'PATCH'): [string, string, Answer, string][] =>
    failures().map(([what, answer, code]) => [method, what, answer, code]);

  test.each([...both('POST'), ...both('PATCH')])(
    'by %s is sent once, also after %s',
    async (method, _, answer, code) => {
      const { api, transport } = await openTransport([answer, well]);
      const request = post({ method: method as 'POST' | 'PATCH', timeoutMs: patientMs }); // from the table above
      expect(await failureOf(transport.call(request))).toMatchObject({ code });
      expect(api.asked).toHaveLength(1);
    },
  );

  test.each([
    ['changed', refusal(409, 'Conflict', 'changed'), 'Conflict'],
    ['there', refusal(409, 'AlreadyExists', 'is there'), 'AlreadyExists'],
  ])('is an error of its own when the object is %s', async (_, answer, code) => {
    const { transport } = await openTransport([answer]);
    expect(await failureOf(transport.call(post()))).toMatchObject({ code, status: 409 });
  });

  test.each([
    ['PUT', 'a 503', refusal(503, 'ServiceUnavailable', 'starting')],
    ['PUT', 'a 429', refusal(429, 'TooManyRequests', 'busy')],
    ['DELETE', 'a 503', refusal(503, 'ServiceUnavailable', 'starting')],
    ['DELETE', 'a lost connection', 'lost'],
  ] as const)('by %s, which may be done twice, is sent again after %s', async (method, _, answer) => {
    const { api, transport } = await openTransport([answer, well]);
    const request = post({ method, timeoutMs: patientMs });
    expect(await transport.call(request)).toEqual({ ok: true });
    expect(api.asked.map((asked) => [asked.method, asked.body])).toEqual([
      [method, { kind: 'Boat' }],
      [method, { kind: 'Boat' }],
    ]);
  });
});

describe('a refused token', () => {
  const refused = refusal(401, 'Unauthorized', 'Unauthorized');

  test.each([
    ['read', get()],
    ['write', post()],
  ])('is read anew once, and the %s sent again with it', async (_, request) => {
    const { api, transport } = await openTransport([refused, well], {
      token: ({ fresh }) => new Secret(fresh ? 'new' : 'old'),
    });
    expect(await transport.call(request)).toEqual({ ok: true });
    expect(api.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
  });

  test('that is refused again is an answer', async () => {
    const { api, transport } = await openTransport([refused]);
    expect(await failureOf(transport.call(get()))).toMatchObject({ code: 'Unauthorized', status: 401 });
    expect(api.asked).toHaveLength(2);
  });
});

describe('a deadline', () => {
  test.each<[string, Answer]>([
    ['says nothing', 'never'],
    ['does not come to an end', new Stream().write('{"ok":')],
  ])('ends the call to a server that %s', async (_, answer) => {
    const { transport, api } = await openTransport([answer]);
    expect(await failureOf(transport.call(get({ timeoutMs: 200 })))).toMatchObject({
      code: 'Timeout',
      message: 'GET /api/v1/namespaces/apps: no answer within 200 ms',
    });
    await eventually('the connection is closed', () => api.open() === 0);
  });

  test('counts the attempts of a read together', async () => {
    fakeTimers();
    const { api, transport } = await openTransport([refusal(500, 'InternalError', 'no'), 'never']);
    const failing = failureOf(transport.call(get({ timeoutMs: patientMs })));
    let passedMs = 0;
    await eventually('it is sent again', () => {
      passedMs += 10;
      jest.advanceTimersByTime(10);
      return api.asked.length === 2;
    });
    jest.advanceTimersByTime(patientMs - passedMs);
    expect(await failing).toMatchObject({ code: 'Timeout' });
    expect(api.asked).toHaveLength(2);
  });
});

describe('a watch', () => {
  test('that is refused by half of an answer has failed soon, with what its status says', async () => {
    fakeTimers();
    const { transport } = await openTransport([new Stream(503).write('{"message":')]);
    let failure: unknown;
    const { signal } = new AbortController();
    void failureOf(transport.watch('/api/v1/pods', {}, signal)).then((thrown) => (failure = thrown));
    await eventually('it has failed', () => {
      jest.advanceTimersByTime(1_000);
      return failure !== undefined;
    });
    expect(failure).toMatchObject({
      code: 'Unavailable',
      status: 503,
      message: 'GET /api/v1/pods: answered 503',
    });
  });
});

describe('whoever asked may stop', () => {
  test.each<[string, Answer]>([
    ['while nothing has come', 'never'],
    ['in the middle of the answer', new Stream().write('{"ok":')],
    ['while a read waits to be sent again', { status: 429, headers: { 'retry-after': '5' } }],
  ])('%s', async (_, answer) => {
    const { api, transport } = await openTransport([answer]);
    const stopping = new AbortController();
    const failure = failureOf(transport.call(get({ signal: stopping.signal })));
    await eventually('it is asked', () => api.asked.length === 1);
    stopping.abort(new Error('enough'));
    expect(await failure).toMatchObject({ message: 'enough' });
    expect(api.asked).toHaveLength(1);
  });

  test('before it is sent', async () => {
    const { api, transport } = await openTransport([well]);
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await failureOf(transport.call(get({ signal })))).toMatchObject({ message: 'enough' });
    expect(api.asked).toEqual([]);
  });
});

describe('an error', () => {
  const token = 'eyToken.of.nobody';
  const canaries = [token, 'canary-in-body', 'canary-in-header', 'canary-in-request'];

  test.each<[string, Answer]>([
    ['JSON that is no Status', { status: 500, body: { secret: 'canary-in-body' } }],
    ['no JSON', { status: 403, body: 'canary-in-body' }],
    ['no JSON where all is well', { status: 200, body: 'canary-in-body' }],
    ['a header', { status: 404, headers: { 'x-said': 'canary-in-header' } }],
    ['a Status with more in it', refusal(409, 'Conflict', 'changed', { causes: ['canary-in-body'] })],
    ['a redirect', { status: 302, headers: { location: 'https://canary-in-header.test' } }],
    ['nothing', 'lost'],
    ['half of an answer', new Stream().write('{"a":"canary-in-body').lose()],
  ])('shows nothing but the own sentence of a server that answers with %s', async (_, answer) => {
    const { transport } = await openTransport([answer], { token: () => new Secret(token) });
    const thrown = await failureOf(transport.call(post({ body: { secret: 'canary-in-request' } })));
    expect(thrown).toBeInstanceOf(KubeError);
    const shown = inspect(thrown, { depth: Infinity, showHidden: true });
    expect(canaries.filter((canary) => shown.includes(canary))).toEqual([]);
  });

  test('is one line, however the server wrote it and however long', async () => {
    const { transport } = await openTransport([
      refusal(422, 'Invalid', `spec is wrong:\n  ${'x'.repeat(5_000)}`),
    ]);
    const { message } = Object(await failureOf(transport.call(post()))) as Error; // any thrown value has or lacks it
    expect(message).toMatch(/^POST \/api\/v1\/namespaces\/apps: spec is wrong: x+…$/);
    expect(message.length).toBeLessThan(600);
  });

  test('comes of an answer without end, which is not kept', async () => {
    const piece = 'x'.repeat(4 * 1024 * 1024);
    const { transport } = await openTransport([
      new Stream().write('"', ...Array.from({ length: 5 }, () => piece)),
    ]);
    expect(await failureOf(transport.call(get({ timeoutMs: patientMs })))).toMatchObject({
      code: 'TooLarge',
      message: 'GET /api/v1/namespaces/apps: the answer is larger than 16777216 bytes',
    });
  });
});
