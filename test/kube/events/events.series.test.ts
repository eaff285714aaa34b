import type { EventsV1Event } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { KubeError } from '../../../src/kube/errors.ts';
import type { EventContent, Regarding } from '../../../src/kube/events/event-body.ts';
import type { Request } from '../../../src/kube/transport/transport.ts';
import { boat, bodyOf, recorded, risen } from './recording-events.ts';

beforeEach(() => {
  jest.useFakeTimers({ now: new Date('2026-11-25T08:00:00.125Z') });
});
afterEach(() => {
  jest.useRealTimers();
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

  test('waits until one that is made anew has arrived', async () => {
    const arriving = Promise.withResolvers<unknown>();
    const answers = [
      Promise.resolve({}),
      Promise.reject(new KubeError('NotFound', 'gone')),
      arriving.promise,
    ];
    answers[1]?.catch(() => undefined); // it is asked for later
    const { events, sent } = recorded(() => answers.shift() ?? Promise.resolve({}));
    for (let time = 0; time < 2; time += 1) events.write(boat(), risen());
    await jest.advanceTimersByTimeAsync(10_000);
    events.write(boat(), risen());
    await jest.advanceTimersByTimeAsync(60_000);
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST']);
    arriving.resolve({});
    await jest.advanceTimersByTimeAsync(0);
    expect(inShort(sent).slice(2)).toEqual([
      ['POST', expect.objectContaining({ count: 2 })],
      ['PATCH', expect.objectContaining({ count: 3 })],
    ]);
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
