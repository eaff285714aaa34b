import { describe, expect, test } from '@jest/globals';
import { addMs } from '../../src/base/time.ts';
import { Retries } from '../../src/promotion/retries.ts';
import { now } from './builders.ts';

const problem = { kind: 'problem', reason: 'NotInstalled', message: 'install it' } as const;
const attempt = 'apps/podinfo staging propose';

/** Seconds until the attempt is made again. */
function waitOf(retries: Retries, circumstances = 'as they were'): number {
  const standing = retries.standing(attempt, circumstances, now);
  return standing === undefined ? 0 : (standing.until.getTime() - now.getTime()) / 1_000;
}

test('the problem stands until it is time to try again', () => {
  const retries = new Retries();
  retries.failed(attempt, 'as they were', problem, now);
  expect(retries.standing(attempt, 'as they were', addMs(now, 890))?.problem).toBe(problem);
  expect(retries.standing(attempt, 'as they were', addMs(now, 1_100))).toBeUndefined();
});

test('under other circumstances it is tried at once, and its delays begin anew', () => {
  const retries = new Retries();
  for (let times = 0; times < 5; times += 1) retries.failed(attempt, 'as they were', problem, now);
  expect(waitOf(retries)).toBeGreaterThan(14);
  expect(waitOf(retries, 'changed')).toBe(0);
  retries.failed(attempt, 'changed', problem, now);
  expect(waitOf(retries, 'changed')).toBeLessThan(1.2);
});

test('an attempt that worked begins anew', () => {
  const retries = new Retries();
  retries.failed(attempt, 'as they were', problem, now);
  retries.succeeded(attempt);
  expect(waitOf(retries)).toBe(0);
});

describe("the forge's own word", () => {
  test('counts when it is later than ours', () => {
    const retries = new Retries();
    retries.failed(attempt, 'as they were', { ...problem, retryAt: addMs(now, 600_000) }, now);
    expect(waitOf(retries)).toBe(600);
  });

  test('does not make us come sooner than we would', () => {
    const retries = new Retries();
    retries.failed(attempt, 'as they were', { ...problem, retryAt: addMs(now, 1) }, now);
    expect(waitOf(retries)).toBeGreaterThan(0.8);
  });
});

test.each([
  ['apps/podinfo', true],
  ['apps/podinfo staging', true],
  ['apps/podinfo-2', false],
  ['apps/podinfo stag', false],
])('forgetting %s forgets an attempt of apps/podinfo staging: %s', (of, forgotten) => {
  const retries = new Retries();
  retries.failed(attempt, 'as they were', problem, now);
  retries.forget(of);
  expect(waitOf(retries) === 0).toBe(forgotten);
});
