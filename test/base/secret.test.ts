import { format, inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { CodedError } from '../../src/base/error.ts';
import { redact } from '../../src/base/redaction.ts';
import { Secret } from '../../src/base/secret.ts';
import { createLog } from '../../src/telemetry/log.ts';

const value = 'hunter2-Zq8Wn4Xv7Rb2Kd9T';
const secret = new Secret(value);
const inError = new CodedError('Refused', 'no', { cause: Object.assign(new Error('why'), { secret }) });

function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = [];
  write(createLog('debug', { write: (line) => void lines.push(line) }));
  return lines.join('');
}

function loggedByLibrary(fields: object): string {
  const lines: string[] = [];
  pino({ base: {} }, { write: (line) => void lines.push(line) }).info(fields, 'x');
  return lines.join('');
}

function printedByConsole(...values: readonly unknown[]): string {
  // What console.log gives to its stream.
  return format(...values);
}

test.each<[string, () => string]>([
  ['String()', () => String(secret)],
  ['toString', () => secret.toString()],
  // oxlint-disable-next-line typescript/restrict-plus-operands -- that is what is tried
  ['+', () => '' + secret],
  // oxlint-disable-next-line typescript/restrict-template-expressions -- that is what is tried
  ['a template', () => `${secret}`],
  ['join', () => [secret, secret].join()],
  ['console.log', () => printedByConsole(secret)],
  ['console.log of a field', () => printedByConsole({ secret })],
  ['util.format %s', () => format('%s', secret)],
  ['util.format %o', () => format('%o', secret)],
  ['util.format %O', () => format('%O', { secret })],
  ['util.format %j', () => format('%j', { secret })],
  ['inspect', () => inspect(secret)],
  ['inspect, nested', () => inspect({ deep: [{ deeper: new Map([['secret', secret]]) }] }, { depth: 10 })],
  ['inspect with showHidden', () => inspect({ secret }, { showHidden: true, depth: Infinity })],
  ['inspect as a key', () => inspect(new Map([[secret, 1]]))],
  ['inspect of an error with it', () => inspect(inError, { depth: 10, showHidden: true })],
  ['JSON', () => JSON.stringify(secret)],
  ['JSON of a field', () => JSON.stringify({ deep: [{ secret }] })],
  ['pino with it as a field', () => loggedByLibrary({ secret })],
  ['pino with it in a field', () => loggedByLibrary({ deep: { list: [secret] } })],
  ['our log', () => logged((log) => log.info({ secret, deep: [secret] }, 'x'))],
  [
    'our log with an error that has it as a member',
    () => logged((log) => log.error({ secret, err: inError }, 'x')),
  ],
])('prints as [redacted] by %s', (_, print) => {
  const text = print();
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain(Buffer.from(value).toString('hex').slice(0, 12));
  expect(text).toContain('[redacted]');
});

test.each<[string, () => string]>([
  [
    'inspect that asks no object for its own way',
    () => inspect(secret, { customInspect: false, showHidden: true }),
  ],
  ['structuredClone', () => inspect(structuredClone({ secret }), { showHidden: true, depth: 9 })],
  ['Object.entries', () => JSON.stringify(Object.entries(secret))],
  ['own names', () => JSON.stringify(Reflect.ownKeys(secret))],
  ['Object.assign', () => JSON.stringify(Object.assign({}, secret))],
  ['Object.prototype.toString', () => Object.prototype.toString.call(secret)],
  ['our log of an error', () => logged((log) => log.error({ err: inError }, 'x'))],
])('is not carried out by %s', (_, print) => {
  expect(print()).not.toContain('hunter2');
});

test('it is given out by three words alone, as it came in', () => {
  expect([secret.expose(), secret.exposeBytes().toString(), secret.peek()]).toEqual([value, value, value]);
  expect(new Secret(Buffer.from('schlüssel')).expose()).toBe('schlüssel');
});

test('two secrets are told apart by fingerprints, which hold neither', () => {
  expect(secret.fingerprint()).toBe(new Secret(value).fingerprint());
  expect(secret.fingerprint()).not.toBe(new Secret('hunter3').fingerprint());
  expect(secret.fingerprint()).toMatch(/^[0-9a-f]{64}$/);
});

test('what it is made of may change later without changing it', () => {
  const bytes = Buffer.from('hunter2');
  const copied = new Secret(bytes);
  bytes.fill(0);
  expect(copied.expose()).toBe('hunter2');
});

test('an empty one says so', () => {
  expect([new Secret('').isEmpty, secret.isEmpty]).toEqual([true, false]);
});

test('is taken out of every text from its making on', () => {
  const text = 'made-Pq3Lw8Xz5Vb1Nc7M';
  expect(redact(`got ${text}`)).toBe(`got ${text}`);
  expect(new Secret(text).isEmpty).toBe(false);
  expect(redact(`got ${text}`)).toBe('got [redacted]');
});

test('a value of a Kubernetes Secret may be shown until it is exposed', () => {
  const address = 'https://ghe.acme.example/api/v3/Lm5Tc9Rw3Qz7Hb2Np8Vx';
  const stored = new Secret(Buffer.from(address), 'stored');
  expect(stored.peek()).toBe(address);
  expect(redact(`at ${address}`)).toBe(`at ${address}`);
  expect(stored.expose()).toBe(address);
  expect(redact(`at ${address}`)).toBe('at [redacted]');
});
