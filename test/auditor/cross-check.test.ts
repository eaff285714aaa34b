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

test('asks of each one, of the controller and of nobody whether they may get, list and watch that Secret', async () => {
  expect(await ask()).toEqual({ kind: 'known', againMs: 6 * hours });
  expect(asked.map(({ user, resourceAttributes: { verb } }) => `${user} ${verb}`)).toEqual(
    ['ada', 'system:serviceaccount:lockkeeper-system:lockkeeper-controller', 'lockkeeper:nobody'].flatMap(
      (user) => ['get', 'list', 'watch'].map((verb) => `${user} ${verb}`),
    ),
  );
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

describe('the same is asked again', () => {
  test('only after six hours', async () => {
    await ask();
    now = 6 * hours - 1;
    expect(await ask()).toEqual({ kind: 'known', againMs: 1 });
    expect(asked).toHaveLength(9);
    now = 6 * hours;
    await ask();
    expect(asked).toHaveLength(18);
  });

  test('when the report has changed, but not within half a minute', async () => {
    await ask();
    rules = report({ others: [other(), other({ subject: 'User eve', name: 'eve', verbs: [] })] });
    now = 10_000;
    expect(await ask()).toEqual({ kind: 'known', againMs: 20_000 });
    expect(asked).toHaveLength(9);
    now = 30_000;
    await ask();
    expect(asked).toHaveLength(9 + 12);
  });

  test('for each Credential by itself, and for one that came anew', async () => {
    await ask('apps/one');
    await ask('apps/two');
    check.forget('apps/one');
    await ask('apps/one');
    expect(asked).toHaveLength(27);
  });
});

describe('an API server that decides otherwise', () => {
  test('is asked once more before that is told', async () => {
    otherwise = { 'lockkeeper:nobody get': true };
    expect(await ask()).toEqual({ kind: 'unsure', againMs: 3_000 });
    now = 3_000;
    expect(await ask()).toEqual({
      kind: 'known',
      againMs: 6 * hours,
      doubt: expect.stringMatching(/^The API server lets User lockkeeper:nobody get the Secret/),
    });
  });

  test('only for a moment, as it came to know of a change later than we, is not told of', async () => {
    otherwise = { 'ada get': false };
    expect(await ask()).toMatchObject({ kind: 'unsure' });
    otherwise = {};
    now = 3_000;
    expect(await ask()).toEqual({ kind: 'known', againMs: 6 * hours });
  });

  test('is not believed in again before it was asked again', async () => {
    otherwise = { 'lockkeeper:nobody list': true };
    await ask();
    await ask();
    rules = report();
    now = 10_000;
    expect(await ask()).toMatchObject({ kind: 'known', doubt: expect.any(String) });
    now = 40_000;
    expect(await ask()).toMatchObject({ kind: 'known', doubt: expect.any(String) });
    otherwise = {};
    now = 40_000 + 6 * hours;
    expect(await ask()).toEqual({ kind: 'known', againMs: 6 * hours });
  });
});

test('of a thousand it asks about forty, the controller and nobody', async () => {
  const others = Array.from({ length: 1_000 }, (_, at) =>
    other({ subject: `User u${at}`, name: `u${at}`, verbs: [] }),
  );
  rules = report({ others });
  expect(await ask()).toMatchObject({ kind: 'known' });
  expect(asked).toHaveLength(126);
  expect(new Set(asked.map(({ user }) => user))).toEqual(
    new Set([
      ...Array.from({ length: 40 }, (_, at) => `u${at}`),
      'system:serviceaccount:lockkeeper-system:lockkeeper-controller',
      'lockkeeper:nobody',
    ]),
  );
});

test('where there is no answer nothing is known, and it is asked anew', async () => {
  const failing = new CrossCheck({
    transport: { call: () => Promise.reject(new Error('away')) },
    clock: { now: () => new Date(0) },
  });
  await expect(failing.of('apps/promoter', { report: rules, secret }, signal)).rejects.toThrow('away');
  await expect(failing.of('apps/promoter', { report: rules, secret }, signal)).rejects.toThrow('away');
});
