import { beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { CrossCheck, type CrossChecked } from '../../src/auditor/cross-check.ts';
import type { AccessReport } from '../../src/auditor/report.ts';
import type { Request } from '../../src/kube/transport/transport.ts';
import { other, report } from './seen.ts';

const review = z.object({
  spec: z.object({
    user: z.string().optional(),
    groups: z.array(z.string()),
    resourceAttributes: z.looseObject({
      namespace: z.string(),
      verb: z.string(),
      resource: z.string(),
      name: z.string(),
    }),
  }),
});
type Review = z.infer<typeof review>['spec'];

const signal = new AbortController().signal;
const secret = { namespace: 'apps', name: 'key' };
const minutes = 60_000;
const hours = 60 * minutes;

let asked: Review[];
let now: number;
/** What the API server decides beside its rules, by `user verb`. */
let otherwise: Record<string, boolean>;
let rules: AccessReport;
let check: CrossCheck;

beforeEach(() => {
  asked = [];
  now = 0;
  otherwise = {};
  rules = report({ others: [other()] });
  const call = ({ body }: Request): Promise<unknown> => {
    const { spec } = review.parse(body);
    asked.push(spec);
    const { user = '', resourceAttributes } = spec;
    const isController = user === 'system:serviceaccount:lockkeeper-system:lockkeeper-controller';
    const byRules = (user === 'ada' || isController) && resourceAttributes.verb === 'get';
    return Promise.resolve({
      status: { allowed: otherwise[`${user} ${resourceAttributes.verb}`] ?? byRules },
    });
  };
  check = new CrossCheck({ transport: { call }, clock: { now: () => new Date(now) } });
});

const ask = (key = 'apps/promoter'): Promise<CrossChecked> =>
  check.of(key, { report: rules, secret }, signal);

/** Who was asked about, with the verb. */
const questions = (): string[] =>
  asked.splice(0).map(({ user, resourceAttributes: { verb } }) => `${user} ${verb}`);
const verbs = ['get', 'list', 'watch'];
const keeper = 'system:serviceaccount:lockkeeper-system:lockkeeper-controller';
const always = [keeper, 'lockkeeper:nobody'].flatMap((user) => verbs.map((verb) => `${user} ${verb}`));
const of = (user: string): string[] => verbs.map((verb) => `${user} ${verb}`);

test('asks at once about the controller and nobody, half a minute later about the others', async () => {
  expect(await ask()).toEqual({ kind: 'known', againMs: 30_000 });
  expect(questions()).toEqual(always);
  now = 30_000;
  expect(await ask()).toEqual({ kind: 'known', againMs: 6 * hours - 30_000 });
  expect(questions()).toEqual(of('ada'));
});

test('asks about that Secret by name, as the groups that the API server puts somebody into', async () => {
  await ask();
  now = 30_000;
  asked = [];
  await ask();
  expect(asked[0]).toEqual({
    user: 'ada',
    groups: ['system:authenticated'],
    resourceAttributes: {
      namespace: 'apps',
      verb: 'get',
      group: '',
      version: 'v1',
      resource: 'secrets',
      name: 'key',
    },
  });
});

/** Everything is asked. */
async function settled(): Promise<void> {
  await ask();
  now += 30_000;
  await ask();
  asked = [];
}

describe('what was answered', () => {
  test('is asked again after six hours', async () => {
    await settled();
    now = 6 * hours - 1;
    expect(await ask()).toEqual({ kind: 'known', againMs: 3_000 });
    expect(questions()).toEqual([]);
    now = 6 * hours;
    await ask();
    expect(questions()).toEqual(always);
  });

  test('is not asked again when the report has changed, and what is new not within half a minute', async () => {
    await settled();
    rules = report({ others: [other(), other({ subject: 'User eve', name: 'eve', verbs: [] })] });
    now = 40_000;
    expect(await ask()).toEqual({ kind: 'known', againMs: 20_000 });
    expect(questions()).toEqual([]);
    now = 60_000;
    await ask();
    expect(questions()).toEqual(of('eve'));
  });

  test('is of one Credential, and of none that came anew', async () => {
    await settled();
    await ask('apps/two');
    expect(questions()).toEqual(always);
    check.forget('apps/promoter');
    await ask();
    expect(questions()).toEqual(always);
  });

  test('holds nothing up when the clock was put back', async () => {
    await settled();
    now = -hours;
    await ask();
    expect(questions()).toEqual([...of('ada'), ...always]);
  });
});

describe('an API server that decides otherwise', () => {
  test('is asked once more about that before it is told', async () => {
    otherwise = { 'lockkeeper:nobody get': true };
    expect(await ask()).toEqual({ kind: 'unsure', againMs: 3_000 });
    questions();
    now = 3_000;
    expect(await ask()).toEqual({
      kind: 'known',
      againMs: 10 * minutes - 3_000,
      doubt: expect.stringMatching(/^The API server lets User lockkeeper:nobody get the Secret/),
    });
    expect(questions()).toContain('lockkeeper:nobody get');
  });

  test('only for a moment, as it came to know of a change later than we, is not told of', async () => {
    otherwise = { 'lockkeeper:nobody get': true };
    expect(await ask()).toMatchObject({ kind: 'unsure' });
    otherwise = {};
    now = 3_000;
    expect(await ask()).toEqual({ kind: 'known', againMs: expect.any(Number) });
  });

  test('is asked again after ten minutes, and is believed again once it decides by its rules', async () => {
    otherwise = { 'lockkeeper:nobody list': true };
    await ask();
    now = 3_000;
    await ask();
    now = 33_000;
    expect(await ask()).toEqual({ kind: 'known', againMs: expect.any(Number), doubt: expect.any(String) });
    asked = [];
    otherwise = {};
    now = 3_000 + 10 * minutes;
    expect(await ask()).toEqual({ kind: 'known', againMs: expect.any(Number) });
    expect(questions()).toEqual(['lockkeeper:nobody list']);
  });

  test('is doubted until what is new was asked too', async () => {
    await settled();
    otherwise = { 'ada get': false };
    now = 7 * hours;
    await ask();
    now += 3_000;
    expect(await ask()).toMatchObject({ doubt: expect.any(String) });
    rules = report({ others: [other({ subject: 'User eve', name: 'eve', verbs: [] })] });
    now += 10_000;
    expect(await ask()).toMatchObject({ kind: 'known', doubt: expect.any(String) });
    now += 30_000;
    expect(await ask()).toEqual({ kind: 'known', againMs: expect.any(Number) });
  });
});

test('of a thousand it asks about ten', async () => {
  const others = Array.from({ length: 1_000 }, (_, at) =>
    other({ subject: `User u${at}`, name: `u${at}`, verbs: [] }),
  );
  rules = report({ others });
  await ask();
  questions();
  now = 30_000;
  await ask();
  expect(questions()).toEqual(Array.from({ length: 10 }, (_, at) => of(`u${at}`)).flat());
});

test('where there is no answer nothing is known, and it is asked anew', async () => {
  const failing = new CrossCheck({
    transport: { call: () => Promise.reject(new Error('away')) },
    clock: { now: () => new Date(0) },
  });
  await expect(failing.of('apps/promoter', { report: rules, secret }, signal)).rejects.toThrow('away');
  await expect(failing.of('apps/promoter', { report: rules, secret }, signal)).rejects.toThrow('away');
});

test('what is neither yes nor no is no answer', async () => {
  const silent = new CrossCheck({
    transport: { call: () => Promise.resolve({ status: {} }) },
    clock: { now: () => new Date(0) },
  });
  await expect(silent.of('apps/promoter', { report: rules, secret }, signal)).rejects.toMatchObject({
    name: 'KubeError',
    code: 'Malformed',
  });
});
