import type { EventsV1Event } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Events, type EventContent, type Regarding } from '../../src/kube/events.ts';
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
function recorded(answer: () => Promise<unknown> = () => Promise.resolve({})): Recorded {
  const sent: Request[] = [];
  const troubles: unknown[] = [];
  const transport = {
    call: (request: Request) => {
      sent.push(request);
      return answer();
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
  events.write(boat(), risen());
  events.write(boat(), risen());
  expect(new Set(sent.map((each) => bodyOf(each).metadata?.name)).size).toBe(2);
});

describe('the budget of an object', () => {
  function write({ events, sent }: Recorded, times: number, name?: string): number {
    const before = sent.length;
    for (let time = 0; time < times; time += 1) events.write(boat(name), risen());
    return sent.length - before;
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

  test('is remembered for as many objects as a large cluster has', () => {
    const all = recorded();
    write(all, 1);
    for (let index = 0; index < 9_000; index += 1) write(all, 1, `other-${index}`);
    expect(write(all, 30)).toBe(19);
    for (let index = 0; index < 9_000; index += 1) write(all, 1, `late-${index}`);
    expect(write(all, 30)).toBe(0);
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
