import { expect, test } from '@jest/globals';
import { CodedError } from '../../src/base/error.ts';
import { actWhileHeld } from '../../src/cli/act-while-held.ts';

const loss = new CodedError('LeadershipLost', 'Lease a/b: another replica may lead now');

/** Passes that note what is done to them. */
function acting({ isLost = false } = {}) {
  const [losing, asking] = [new AbortController(), new AbortController()];
  if (isLost) losing.abort(loss);
  const done: unknown[] = [];
  const acted = actWhileHeld({
    lost: losing.signal,
    asked: asking.signal,
    reconcilers: { start: () => done.push('start'), abort: (reason) => done.push(reason) },
    onLeading: () => done.push('leading'),
  });
  acted.catch(() => undefined); // each test looks at it in the end
  return { acted, done, lose: () => losing.abort(loss), ask: () => asking.abort('SIGTERM') };
}

test('passes are aborted at the very moment at which leadership is lost, before anything else ends them', async () => {
  const { acted, done, lose } = acting();
  expect(done).toEqual(['leading', 'start']);
  lose();
  expect(done).toEqual(['leading', 'start', loss]);
  await expect(acted).rejects.toBe(loss);
});

test('so they are when it is lost while they are being ended', async () => {
  const { acted, done, ask, lose } = acting();
  ask();
  await acted;
  expect(done).toEqual(['leading', 'start']);
  lose();
  expect(done).toEqual(['leading', 'start', loss]);
});

test('nothing begins when it is lost before', async () => {
  const { acted, done } = acting({ isLost: true });
  await expect(acted).rejects.toBe(loss);
  expect(done).toEqual([]);
});
