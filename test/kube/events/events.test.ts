import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import { countResources } from '../leaks.ts';
import { boat, bodyOf, recorded, risen, type Recorded } from './recording-events.ts';

beforeEach(() => {
  jest.useFakeTimers({ now: new Date('2026-11-25T08:00:00.125Z') });
});
afterEach(() => {
  jest.useRealTimers();
});

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

test.each([
  ['ten seconds', 10_000, []],
  ['as long as it may take', 2_000, [2_000]],
])('draining gives up after %s in all, and tells of what did not arrive', async (_, ms, limit) => {
  const { events, sent, troubles } = recorded(({ signal }) => {
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  events.write(boat(), risen());
  events.write(boat(), risen());
  const draining = events.drain(...limit);
  await jest.advanceTimersByTimeAsync(ms);
  await draining;
  expect(sent).toHaveLength(1);
  expect(troubles).toEqual([expect.objectContaining({ code: 'EventsDropped' })]);
  expect(jest.getTimerCount()).toBe(0);
});

test('what is written when a drain has been out of time is told of and dropped', async () => {
  const { events, sent, troubles } = recorded(({ signal }) => {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  events.write(boat('anna'), risen());
  const draining = events.drain(2_000);
  await jest.advanceTimersByTimeAsync(2_000);
  await draining;
  events.write(boat('bob'), risen());
  await jest.advanceTimersByTimeAsync(0);
  expect(sent.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  const dropped = expect.objectContaining({ code: 'EventsDropped' });
  expect(troubles).toEqual([dropped, dropped]);
});

test('repetitions that wait to be written do not keep the process from its end', async () => {
  jest.useRealTimers();
  const before = countResources()['Timeout'];
  const { events } = recorded();
  for (let time = 0; time < 2; time += 1) events.write(boat(), risen());
  expect(countResources()['Timeout']).toBe(before);
  await events.drain();
});

const ending =
  'events.events.k8s.io "anna.1" is forbidden: unable to create new content in namespace canal because it is being terminated';

test('an event of a namespace that is being deleted is dropped without a word', async () => {
  const { events, troubles } = recorded(() => Promise.reject(new KubeError('Forbidden', ending)));
  events.write(boat(), risen());
  await events.drain();
  expect(troubles).toEqual([]);
});

test.each([
  [
    'another refusal',
    new KubeError('Forbidden', 'events.events.k8s.io "anna.1" is forbidden: no such right'),
  ],
  ['another error with the same words', new KubeError('Unavailable', ending)],
])('%s than that of a namespace that is being deleted is told of', async (_, error) => {
  const { events, troubles } = recorded(() => Promise.reject(error));
  events.write(boat(), risen());
  await events.drain();
  expect(troubles).toEqual([error]);
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

test('no note holds a secret, whoever put it there', () => {
  const token = new Secret('planted-Zq8Wn4Xv7Rb2Kd9T').expose();
  const { events, sent } = recorded();
  events.write(boat(), risen(`anna rose by ${token}`));
  expect(bodyOf(sent[0]).note).toBe('anna rose by [redacted]');
});
