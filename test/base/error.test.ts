import { describe, expect, test } from '@jest/globals';
import { CodedError, codeOf, isAborted, messageOf } from '../../src/base/error.ts';
import { Secret } from '../../src/base/secret.ts';

describe('the code of what was thrown', () => {
  test.each([
    ['a coded error', new CodedError('NotFound', 'no such thing'), 'NotFound'],
    ["one of Node's", Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [
      'one whose cause has it',
      new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'UND_ERR_SOCKET' }) }),
      'UND_ERR_SOCKET',
    ],
    ['one that has a name alone', new RangeError('too far'), 'RangeError'],
    ['one that has nothing', new Error('something'), 'Unknown'],
    ['a number for a code', Object.assign(new Error('x'), { code: 20 }), 'Unknown'],
    ['a string', 'something', 'Unknown'],
    ['nothing', undefined, 'Unknown'],
    ['an error of another realm', { name: 'Error', message: 'x', code: 'ENOENT' }, 'ENOENT'],
    ['one that is its own cause', inCircle(new RangeError('round')), 'RangeError'],
    ['one that is its own cause and has nothing', inCircle({}), 'Unknown'],
    ['one whose cause is far down', Array.from({ length: 7 }).reduce(asCause, { code: 'EPIPE' }), 'EPIPE'],
  ])('of %s', (_, thrown, code) => {
    expect(codeOf(thrown)).toBe(code);
  });
});

function inCircle(thrown: object): object {
  return Object.assign(thrown, { cause: thrown });
}

function asCause(cause: unknown): Error {
  return new Error('x', { cause });
}

test('a coded error keeps its cause for debuggers and its words for people', () => {
  const cause = new Error('inside');
  const error = new CodedError('NotFound', 'no such thing; make it', { cause });
  expect([error.name, error.message, error.cause]).toEqual(['CodedError', 'no such thing; make it', cause]);
});

test('the message of anything is a text', () => {
  expect([
    messageOf(new Error('inside')),
    messageOf('text'),
    messageOf(null),
    messageOf({ message: 7 }),
  ]).toEqual(['inside', 'text', 'null', '[object Object]']);
});

test('being asked to stop is told apart from running out of time', () => {
  const controller = new AbortController();
  controller.abort();
  expect(isAborted(controller.signal.reason)).toBe(true);
  expect(isAborted(new DOMException('late', 'TimeoutError'))).toBe(false);
  expect([isAborted(undefined), isAborted('AbortError')]).toEqual([false, false]);
});

test('no message of a coded error holds a secret, whatever it was made of', () => {
  const token = new Secret('planted-Zq8Wn4Xv7Rb2Kd9T').expose();
  const error = new CodedError('Refused', `no ${token}, nor ${token.slice(4, 18)}`);
  expect([error.message, String(error), error.stack?.split('\n')[0]]).toEqual([
    expect.stringMatching(/^no \[redacted\], nor .{0,2}\[redacted\].{0,2}$/),
    expect.not.stringContaining('Zq8W'),
    expect.not.stringContaining('Zq8W'),
  ]);
});
