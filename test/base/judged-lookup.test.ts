import type { LookupAddress, LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { expect, test } from '@jest/globals';
import { CodedError } from '../../src/base/error.ts';
import { judgedLookup, refusalOfLiteral, type Judge } from '../../src/base/judged-lookup.ts';

const refused = new CodedError('AddressNotAllowed', 'not there');
const notTen: Judge = (_, address) => (address.startsWith('10.') ? refused : undefined);

/** What `net.connect` would be given. */
async function lookedUp(
  answer: string | LookupAddress[] | NodeJS.ErrnoException,
  options: LookupOptions,
  judge = notTen,
): Promise<unknown> {
  const asked: LookupOptions[] = [];
  const resolve: LookupFunction = (_, given, callback) => {
    asked.push(given);
    if (typeof answer === 'string' || Array.isArray(answer)) callback(null, answer, 4);
    else callback(answer, '');
  };
  return await new Promise((settle) => {
    judgedLookup(judge, resolve)('git.acme.example', options, (failure, ...found) =>
      settle(failure ?? found.filter((each) => each !== undefined)),
    );
  });
}

const first = { address: '192.0.2.1', family: 4 };
const second = { address: '2001:db8::1', family: 6 };
const ours = { address: '10.0.0.7', family: 4 };

test('all addresses go through when all are allowed, in their order', async () => {
  expect(await lookedUp([first, second], { all: true })).toEqual([[first, second]]);
});

test('the first goes through when one was asked for, and all have been judged', async () => {
  expect(await lookedUp([first, second], {})).toEqual([first.address, 4]);
  expect(await lookedUp([first, ours], {})).toBe(refused);
});

test('one of several that is not allowed refuses all', async () => {
  for (const list of [[ours], [ours, first], [first, ours], [first, second, ours]])
    expect(await lookedUp(list, { all: true })).toBe(refused);
});

test('a resolver that gives a bare address is heard too', async () => {
  expect(await lookedUp('192.0.2.1', {})).toEqual(['192.0.2.1', 4]);
  expect(await lookedUp('10.0.0.7', {})).toBe(refused);
});

test('what the resolver fails with, or no address, is no connection', async () => {
  const failure = Object.assign(new Error('no'), { code: 'EAI_AGAIN' });
  expect(await lookedUp(failure, { all: true })).toBe(failure);
  expect(await lookedUp([], { all: true })).toMatchObject({ code: 'ENOTFOUND' });
  expect(await lookedUp([], {})).toMatchObject({ code: 'ENOTFOUND' });
});

test('connections that are made at once share one lookup, and the next one gets its own', () => {
  const asked: [string, (failure: null, found: LookupAddress[]) => void][] = [];
  const resolve: LookupFunction = (host, _, callback) => void asked.push([host, callback]);
  const judged = judgedLookup(notTen, resolve);
  const got: unknown[] = [];
  const look = (host: string, options: LookupOptions): void =>
    judged(host, options, (failure, ...found) => void got.push(failure ?? found));
  look('git.acme.example', { all: true });
  look('git.acme.example', { all: true, family: 6 });
  look('git.acme.example', {});
  look('other.example', { all: true });
  expect(asked.map(([host]) => host)).toEqual(['git.acme.example', 'git.acme.example', 'other.example']);
  asked[0]?.[1](null, [first, second]);
  expect(got).toEqual([[[first, second]], [first.address, 4]]);
  look('git.acme.example', { all: true });
  expect(asked).toHaveLength(4);
  asked[3]?.[1](null, [ours]);
  expect(got.at(-1)).toBe(refused);
});

test('the judge is told the name that was asked for', async () => {
  const asked: string[] = [];
  await lookedUp([first, second], { all: true }, (host, address) => void asked.push(`${host} ${address}`));
  expect(asked).toEqual(['git.acme.example 192.0.2.1', 'git.acme.example 2001:db8::1']);
});

test('a host that is an address is judged without a lookup, and a name is not', () => {
  expect(refusalOfLiteral(notTen, '10.0.0.7')).toBe(refused);
  expect(refusalOfLiteral(notTen, '192.0.2.1')).toBeUndefined();
  expect(refusalOfLiteral(() => refused, '::1')).toBe(refused);
  expect(refusalOfLiteral(() => refused, 'git.acme.example')).toBeUndefined();
});
