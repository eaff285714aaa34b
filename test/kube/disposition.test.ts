import { expect, test } from '@jest/globals';
import { CodedError } from '../../src/base/error.ts';
import { dispositionOf, type Disposition } from '../../src/kube/disposition.ts';
import { KubeError } from '../../src/kube/errors.ts';

const nothing: Disposition = { kind: 'nothing' };
const soon: Disposition = { kind: 'soon' };
const dropped: Disposition = { kind: 'dropped' };
const backoff = (notBeforeMs = 0): Disposition => ({ kind: 'backoff', notBeforeMs });

test.each([
  ['nothing more', {}, nothing],
  ['another look', { requeueAfterMs: 30_000 }, { kind: 'after', ms: 30_000 }],
  ['another look at once', { requeueAfterMs: 0 }, { kind: 'after', ms: 0 }],
])('a pass that returned and wants %s', (_, result, expected) => {
  expect(dispositionOf({ kind: 'returned', result })).toEqual(expected);
});

const asks = (code: 'TooManyRequests' | 'Unavailable' | 'Conflict', retryAfterMs: number): KubeError =>
  new KubeError(code, 'later', { retryAfterMs });

test.each([
  ['a conflict', new KubeError('Conflict', 'changed'), soon, soon],
  ['a conflict that asks for time', asks('Conflict', 5_000), backoff(5_000), backoff(5_000)],
  ['too many requests', asks('TooManyRequests', 20_000), backoff(20_000), backoff(20_000)],
  ['a server that is not ready', asks('Unavailable', 1_000), backoff(1_000), backoff(1_000)],
  ['a server that wants a year', asks('Unavailable', 3e10), backoff(3_600_000), backoff(3_600_000)],
  ['a server that wants less than nothing', asks('Unavailable', -5), backoff(), backoff()],
  ['a server that wants no number', asks('Unavailable', NaN), backoff(), backoff()],
  ['any error that asks for time', { code: 'Other', retryAfterMs: 700 }, backoff(700), backoff(700)],
  ['an error that asks in words', { code: 'Other', retryAfterMs: 'soon' }, backoff(), backoff()],
  ['an abort', new DOMException('stop', 'AbortError'), backoff(), dropped],
  ['its own deadline', new DOMException('late', 'TimeoutError'), backoff(), backoff()],
  ['the loss of leadership', new CodedError('LeadershipLost', 'another leads'), dropped, dropped],
  ['any other error', new Error('no'), backoff(), backoff()],
  ['undefined', undefined, backoff(), backoff()],
  ['null', null, backoff(), backoff()],
  ['a string', 'Conflict', backoff(), backoff()],
  ['what is its own cause', circle(), backoff(), backoff()],
  ['what throws when it is asked for its code', throwingOn('code'), backoff(), backoff()],
  ['what throws when it is asked for a time', throwingOn('retryAfterMs'), backoff(), backoff()],
])('a pass that threw %s', (_, thrown, expected, whileStopping) => {
  expect(dispositionOf({ kind: 'threw', thrown, isStopping: false })).toEqual(expected);
  expect(dispositionOf({ kind: 'threw', thrown, isStopping: true })).toEqual(whileStopping);
});

function circle(): Error {
  const error = new Error('round');
  error.cause = error;
  return error;
}

function throwingOn(property: string): object {
  return Object.defineProperty({}, property, {
    get() {
      throw new Error('ask me not');
    },
  });
}
