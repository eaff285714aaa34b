import type { EventsV1Event } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { KubeError } from '../../src/kube/errors.ts';
import type { EventContent, Regarding } from '../../src/kube/event-body.ts';
import { Events } from '../../src/kube/events.ts';
import type { Request } from '../../src/kube/transport.ts';

beforeEach(() => {
  jest.useFakeTimers({ now: new Date('2026-11-25T08:00:00.125Z') });
});
afterEach(() => {
  jest.useRealTimers();
});

interface Recorded {
  readonly events: Events;
  readonly sent: Request[];
  readonly troubles: unknown[];
}

/** Events, with a transport that answers each call by `answer`. */
function recorded(answer: (request: Request) => Promise<unknown> = () => Promise.resolve({})): Recorded {
  const sent: Request[] = [];
  const troubles: unknown[] = [];
  const transport = {
    call: (request: Request) => {
      sent.push(request);
      return answer(request);
    },
  };
  const events = new Events(transport, { name: 'controller', instance: 'pod-1' }, (error) =>
    troubles.push(error),
  );
  return { events, sent, troubles };
}

function boat(name = 'anna'): Regarding {
  return { apiVersion: 'canal.test/v1', kind: 'Boat', namespace: 'canal', name, uid: `uid-of-${name}` };
}

function risen(note = 'anna rose to the next level'): EventContent {
  return { type: 'Normal', reason: 'Risen', action: 'Raise', note };
}

/** The body of one that was sent. */
function bodyOf(request: Request | undefined): EventsV1Event {
  return request?.body as EventsV1Event; // what the test sends; the cluster's tests send it to a real server
}

test('an event says what happened to what, when, and who says so', () => {
  const { events, sent } = recorded();
  events.write(boat(), risen());
  expect(sent).toEqual([
    expect.objectContaining({
      method: 'POST',
      path: '/apis/events.k8s.io/v1/namespaces/canal/events',
      body: {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name: expect.stringMatching(/^anna\.[0-9a-f]{16}$/), namespace: 'canal' },
        eventTime: '2026-11-25T08:00:00.125000Z',
        type: 'Normal',
        reason: 'Risen',
        action: 'Raise',
        note: 'anna rose to the next level',
        regarding: boat(),
        reportingController: 'lockkeeper.dev/controller',
        reportingInstance: 'pod-1',
      },
    }),
  ]);
});

test.each([
  ['x'.repeat(2_000), 'x'.repeat(1_021) + '…'],
  // 341 ships of three bytes are 1,023 bytes, and the mark is three more.
  ['⛵'.repeat(2_000), '⛵'.repeat(340) + '…'],
  ['two\nlines', 'two lines'],
])('a note fits, is one line and is not cut in a character (%#)', (note, written) => {
  const { events, sent } = recorded();
  events.write(boat(), risen(note));
  expect(bodyOf(sent[0]).note).toBe(written);
});

test('a long name is cut where a name may end', () => {
  const { events, sent } = recorded();
  events.write(boat(`${'a'.repeat(198)}.-${'b'.repeat(50)}`), risen());
  expect(bodyOf(sent[0]).metadata?.name).toMatch(/^a{198}\.[0-9a-f]{16}$/);
});

test('two events of one thing have two names', () => {
  const { events, sent } = recorded();
  events.write(boat(), risen('one'));
  events.write(boat(), risen('two'));
  expect(new Set(sent.map((each) => bodyOf(each).metadata?.name)).size).toBe(2);
});

describe('the budget of an object', () => {
  /** Writes so many that are news to each other; gives how many of them were sent. */
  function write({ events, sent }: Recorded, times: number, name?: string): number {
    const before = sent.length;
    for (let time = 0; time < times; time += 1) events.write(boat(name), risen(`${before} ${time}`));
    return sent.length - before;
  }

  async function manyOthers(all: Recorded, name: string): Promise<void> {
    for (let index = 0; index < 1_000; index += 1) write(all, 1, `${name}-${index}`);
    await all.events.drain(); // no more than a thousand are under way at once
  }

  test('is twenty events at once, and then one a minute', () => {
    const all = recorded();
    expect(write(all, 30)).toBe(20);
    for (let minute = 0; minute < 5; minute += 1) {
      jest.advanceTimersByTime(59_000);
      expect(write(all, 2)).toBe(0);
      jest.advanceTimersByTime(1_000);
      expect(write(all, 2)).toBe(1);
    }
  });

  test('is there again after twenty quiet minutes, and is never more', () => {
    const all = recorded();
    write(all, 20);
    jest.advanceTimersByTime(20 * 60_000);
    expect(write(all, 30)).toBe(20);
    jest.advanceTimersByTime(24 * 3_600_000);
    expect(write(all, 30)).toBe(20);
  });

  test('never runs out at one event a minute', () => {
    const all = recorded();
    for (let minute = 0; minute < 100; minute += 1) {
      expect(write(all, 1)).toBe(1);
      jest.advanceTimersByTime(60_000);
    }
  });

  test('is its own', () => {
    const all = recorded();
    write(all, 30, 'anna');
    expect(write(all, 1, 'berta')).toBe(1);
  });

  test('is remembered for as many objects as a large cluster has', async () => {
    const all = recorded();
    write(all, 1);
    for (let index = 0; index < 9; index += 1) await manyOthers(all, `other-${index}`);
    expect(write(all, 30)).toBe(19);
    for (let index = 0; index < 9; index += 1) await manyOthers(all, `late-${index}`);
    expect(write(all, 30)).toBe(0);
  });
});

describe('an event that happens again', () => {
  /** What was sent, in short: what it did to which Event, and the series that it gave it. */
  function inShort(sent: readonly Request[]): unknown[] {
    return sent.map(({ method, body }) => [method, (body as EventsV1Event).series]); // as in bodyOf
  }

  test('is counted in the first one, ten seconds later and once for the whole burst', async () => {
    const { events, sent } = recorded();
    for (let time = 0; time < 100; time += 1) events.write(boat(), risen());
    await jest.advanceTimersByTimeAsync(9_999);
    expect(sent).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    const name = String(bodyOf(sent[0]).metadata?.name);
    expect(sent.slice(1)).toEqual([
      expect.objectContaining({
        method: 'PATCH',
        path: `/apis/events.k8s.io/v1/namespaces/canal/events/${name}`,
        contentType: 'application/merge-patch+json',
        body: { series: { count: 100, lastObservedTime: '2026-11-25T08:00:00.125000Z' } },
      }),
    ]);
    await jest.advanceTimersByTimeAsync(3_600_000);
    expect(sent).toHaveLength(2);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is written more and more seldom, down to once in five minutes', async () => {
    const { events, sent } = recorded();
    const writtenAt: number[] = [];
    for (let second = 0; second <= 1_500; second += 5) {
      const before = sent.length;
      events.write(boat(), risen());
      await jest.advanceTimersByTimeAsync(5_000);
      if (sent.length > before) writtenAt.push(second + 5);
    }
    expect(writtenAt).toEqual([5, 15, 35, 75, 155, 315, 615, 915, 1_215]);
    expect(inShort(sent).at(-1)).toEqual(['PATCH', expect.objectContaining({ count: 243 })]);
  });

  test.each<[string, Regarding, Partial<EventContent>]>([
    ['of another object', boat('berta'), {}],
    ['of an object made anew', { ...boat(), uid: 'other' }, {}],
    ['of another type', boat(), { type: 'Warning' }],
    ['for another reason', boat(), { reason: 'Sunk' }],
    ['by another action', boat(), { action: 'Lower' }],
    ['with another note', boat(), { note: 'anna rose once more' }],
  ])('is none when it is one %s', (_, regarding, other) => {
    const { events, sent } = recorded();
    events.write(boat(), risen());
    events.write(regarding, { ...risen(), ...other });
    expect(inShort(sent)).toEqual([
      ['POST', undefined],
      ['POST', undefined],
    ]);
  });

  test('is news again after six quiet minutes, and not before', async () => {
    const { events, sent } = recorded();
    events.write(boat(), risen());
    await jest.advanceTimersByTimeAsync(6 * 60_000);
    events.write(boat(), risen());
    await jest.advanceTimersByTimeAsync(6 * 60_000 + 1);
    events.write(boat(), risen());
    expect(inShort(sent)).toEqual([
      ['POST', undefined],
      ['PATCH', { count: 2, lastObservedTime: '2026-11-25T08:06:00.125000Z' }],
      ['POST', undefined],
    ]);
  });

  test('is made anew, count and all, when the server has it no more', async () => {
    const { events, sent, troubles } = recorded(({ method }) =>
      method === 'PATCH' ? Promise.reject(new KubeError('NotFound', 'gone')) : Promise.resolve({}),
    );
    events.write(boat(), risen());
    events.write(boat(), risen());
    await events.drain();
    const series = { count: 2, lastObservedTime: '2026-11-25T08:00:00.125000Z' };
    expect(inShort(sent)).toEqual([
      ['POST', undefined],
      ['PATCH', series],
      ['POST', series],
    ]);
    expect(sent[2]?.body).toEqual(Object.assign({ series }, sent[0]?.body));
    expect(troubles).toEqual([]);
  });

  test('is told of when it may not be counted, and counted whole the next time', async () => {
    let mayPatch = false;
    const { events, sent, troubles } = recorded(({ method }) =>
      method === 'POST' || mayPatch ? Promise.resolve({}) : Promise.reject(new KubeError('Forbidden', 'no')),
    );
    events.write(boat(), risen());
    events.write(boat(), risen());
    await events.drain();
    expect(troubles).toEqual([new KubeError('Forbidden', 'no')]);
    mayPatch = true;
    events.write(boat(), risen());
    await events.drain();
    expect(inShort(sent).at(-1)).toEqual(['PATCH', expect.objectContaining({ count: 3 })]);
    expect(troubles).toHaveLength(1);
  });

  test('is news when the first one did not arrive, and is not counted in it', async () => {
    const { events, sent, troubles } = recorded(() => Promise.reject(new Error('no')));
    events.write(boat(), risen());
    events.write(boat(), risen());
    await events.drain();
    expect(inShort(sent)).toEqual([['POST', undefined]]);
    events.write(boat(), risen());
    await events.drain();
    expect(inShort(sent)).toEqual([
      ['POST', undefined],
      ['POST', undefined],
    ]);
    expect(troubles).toHaveLength(2);
  });

  test('waits until the first one has arrived', async () => {
    const arriving = Promise.withResolvers<unknown>();
    const { events, sent } = recorded(() => arriving.promise);
    events.write(boat(), risen());
    events.write(boat(), risen());
    await jest.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(1);
    arriving.resolve({});
    await jest.advanceTimersByTimeAsync(0);
    expect(inShort(sent)).toEqual([
      ['POST', undefined],
      ['PATCH', expect.objectContaining({ count: 2 })],
    ]);
  });

  test('leaves half of the budget for news, and is counted when there is enough again', async () => {
    const { events, sent } = recorded();
    const notes = Array.from({ length: 10 }, (_, index) => `note ${index}`);
    for (const note of [...notes, ...notes]) events.write(boat(), risen(note));
    await jest.advanceTimersByTimeAsync(20_000);
    expect(sent).toHaveLength(10);
    for (let index = 0; index < 10; index += 1) events.write(boat(), risen(`news ${index}`));
    expect(sent).toHaveLength(20);
    await jest.advanceTimersByTimeAsync(10 * 60_000);
    expect(sent).toHaveLength(20);
    await jest.advanceTimersByTimeAsync(10 * 60_000);
    expect(inShort(sent).slice(20)).toEqual(notes.map(() => ['PATCH', expect.anything()]));
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is remembered for the four thousand that happened last', async () => {
    const { events, sent } = recorded();
    const writeAll = async (name: string, count: number): Promise<number> => {
      const before = sent.length;
      for (let index = 0; index < count; index += 1) {
        events.write(boat(`${name}-${index}`), risen());
        if (index % 500 === 499) await jest.advanceTimersByTimeAsync(0);
      }
      return sent.length - before;
    };
    events.write(boat(), risen());
    expect(await writeAll('early', 4_000)).toBe(4_000);
    events.write(boat(), risen());
    expect(sent).toHaveLength(4_001);
    expect(await writeAll('late', 4_096)).toBe(4_096);
    events.write(boat(), risen());
    expect(sent.map(({ method }) => method).slice(-2)).toEqual(['POST', 'POST']);
    await events.drain();
    // What was counted of one that is forgotten is forgotten with it.
    expect(sent.filter(({ method }) => method === 'PATCH')).toEqual([]);
  });
});

test('an event that cannot be written is told of, and is no failure of who wrote it', async () => {
  const { events, troubles } = recorded(() => Promise.reject(new Error('forbidden')));
  events.write(boat(), risen());
  await events.drain();
  expect(troubles).toEqual([new Error('forbidden')]);
});

test('draining waits for what is under way', async () => {
  const arriving = Promise.withResolvers<unknown>();
  const { events } = recorded(() => arriving.promise);
  events.write(boat(), risen());
  let isDrained = false;
  const draining = events.drain().then(() => (isDrained = true));
  await jest.advanceTimersByTimeAsync(1_000);
  expect(isDrained).toBe(false);
  arriving.resolve({});
  await draining;
});

test('draining writes at once what was counted', async () => {
  const { events, sent } = recorded();
  for (let time = 0; time < 3; time += 1) events.write(boat(), risen());
  await events.drain();
  expect(sent.map(({ method }) => method)).toEqual(['POST', 'PATCH']);
  expect(jest.getTimerCount()).toBe(0);
});

test('draining gives up after ten seconds in all, and tells of what did not arrive', async () => {
  const { events, sent, troubles } = recorded(({ signal }) => {
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  events.write(boat(), risen());
  events.write(boat(), risen());
  const draining = events.drain();
  await jest.advanceTimersByTimeAsync(10_000);
  await draining;
  expect(sent).toHaveLength(1);
  expect(troubles).toEqual([expect.objectContaining({ code: 'EventsDropped' })]);
  expect(jest.getTimerCount()).toBe(0);
});

test('an event of a namespace that is being deleted is dropped without a word', async () => {
  const ending =
    'events.events.k8s.io "anna.1" is forbidden: unable to create new content in namespace canal because it is being terminated';
  const { events, troubles } = recorded(() => Promise.reject(new KubeError('Forbidden', ending)));
  events.write(boat(), risen());
  await events.drain();
  expect(troubles).toEqual([]);
});

test('while a thousand are under way others are dropped, which is told of once', async () => {
  const arriving = Promise.withResolvers<unknown>();
  const { events, sent, troubles } = recorded(() => arriving.promise);
  for (let index = 0; index < 1_200; index += 1) events.write(boat(`boat-${index}`), risen());
  expect(sent).toHaveLength(1_000);
  expect(troubles).toEqual([expect.objectContaining({ code: 'EventsDropped' })]);
  arriving.resolve({});
  await events.drain();
  events.write(boat('late'), risen());
  expect(sent).toHaveLength(1_001);
  expect(troubles).toHaveLength(1);
});
