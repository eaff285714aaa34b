import { getEventListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { heeding } from '../../src/base/heeding.ts';

const enough = new Error('enough');
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;
const never = (): Promise<never> => new Promise(() => undefined);

test('gives what the work gives, or what it fails with', async () => {
  const { signal } = new AbortController();
  expect(await heeding(signal, Promise.resolve('done'))).toBe('done');
  await expect(heeding(signal, Promise.reject(enough))).rejects.toBe(enough);
});

test('leaves nothing on a signal that goes on after the work', async () => {
  const { signal } = new AbortController();
  const work = Promise.withResolvers<void>();
  const heeded = heeding(signal, work.promise);
  expect(listeners(signal)).toBe(1);
  work.resolve();
  await heeded;
  await expect(heeding(signal, Promise.reject(enough))).rejects.toBe(enough);
  expect(listeners(signal)).toBe(0);
});

test('does not wait for work that heeds no signal', async () => {
  const stopping = new AbortController();
  const heeded = heeding(stopping.signal, never());
  stopping.abort(enough);
  await expect(heeded).rejects.toBe(enough);
  await expect(heeding(stopping.signal, never())).rejects.toBe(enough);
});
