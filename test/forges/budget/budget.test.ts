import { describe, expect, test } from '@jest/globals';
import { Budget } from '../../../src/forges/budget/budget.ts';
import { ForgeError } from '../../../src/forges/errors.ts';
import { hourMs, minuteMs, SteadyBudget } from './steady.ts';

describe('an act', () => {
  test('gets all its calls or none, and is told when to come', () => {
    const steady = new SteadyBudget();
    for (let at = 0; at < 20; at += 1) expect(steady.tryToAct(`apps/p${at}`)).toBe('done');
    const last = steady.tryToAct('apps/late');
    expect(last).toBeGreaterThan(minuteMs);
    expect(last).toBeLessThan(minuteMs + 100);
    expect(steady.waits).toEqual(['content']);
  });

  test('that must wait is told so in a sentence with an instant', () => {
    const steady = new SteadyBudget();
    for (let at = 0; at < 20; at += 1) steady.tryToAct(`apps/p${at}`);
    steady.tryToAct('apps/first');
    expect(() => steady.budget.reserve(steady.act('apps/podinfo'))).toThrow(
      'apps/podinfo staging waits for budget until 2026-11-25T08:01:01Z: github.com takes 80 a minute and 500 an hour calls of this account that create content; 1 act is before it',
    );
  });

  test('of another account does not wait', () => {
    const steady = new SteadyBudget();
    for (let at = 0; at < 25; at += 1) steady.tryToAct(`apps/p${at}`);
    expect(steady.tryToAct('apps/other', { account: 'installation 53' })).toBe('done');
  });

  test('waits for nothing where a host has no limits', () => {
    const steady = new SteadyBudget({ limits: [] });
    for (let at = 0; at < 1_000; at += 1) expect(steady.tryToAct('apps/podinfo')).toBe('done');
  });

  test('gives back at its end what it did not send, once', () => {
    const steady = new SteadyBudget({ limits: [{ calls: 10, ms: minuteMs }] });
    const reservation = steady.budget.reserve(steady.act('apps/podinfo', { calls: 6 }));
    reservation.take()();
    expect(steady.budget.facts()).toMatchObject([{ limit: 'content_minute', remaining: 4 }]);
    reservation.end();
    reservation.end();
    expect(steady.budget.facts()).toEqual([
      { host: 'github.com', account: 'installation 52', limit: 'content_minute', remaining: 9 },
    ]);
  });

  test('that sends more than it reserved takes what is left, and is refused when nothing is', () => {
    const steady = new SteadyBudget({ limits: [{ calls: 5, ms: minuteMs }] });
    const reservation = steady.budget.reserve(steady.act('apps/podinfo'));
    for (let call = 0; call < 5; call += 1) reservation.take()();
    expect(() => reservation.take()).toThrow('waits for budget until 2026-11-25T08:01:01Z');
  });

  test('that takes more than a limit allows at all goes on with what it allows', () => {
    const steady = new SteadyBudget({ limits: [{ calls: 3, ms: minuteMs }] });
    expect(() => steady.budget.reserve(steady.act('apps/podinfo', { calls: 6 }))).not.toThrow();
  });
});

/** Everybody comes when told to, as a queue brings them, for so long. Gives who was served, in order. */
function serve(
  steady: SteadyBudget,
  everybody: readonly { readonly spender: string; readonly act?: string; readonly isProtected?: boolean }[],
  forMs: number,
): string[] {
  const due = new Map(everybody.map((each) => [each, steady.ms]));
  const served: string[] = [];
  const end = steady.ms + forMs;
  for (;;) {
    const [next] = [...due].sort(([, a], [, b]) => a - b);
    if (next === undefined || next[1] > end) break;
    const [who, at] = next;
    steady.ms = Math.max(steady.ms, at);
    const { spender, ...more } = who;
    const outcome = steady.tryToAct(spender, more);
    if (outcome === 'done') {
      served.push(more.act ?? spender);
      due.delete(who);
    } else {
      due.set(who, steady.ms + outcome);
    }
  }
  steady.ms = end;
  return served;
}

describe('fair shares', () => {
  const limits = [{ calls: 8, ms: minuteMs }];

  test('a namespace that asks much and first does not delay another', () => {
    const steady = new SteadyBudget({ limits });
    const many = Array.from({ length: 40 }, (_, at) => ({ spender: `big/p${at}` }));
    const served = serve(
      steady,
      [...many, { spender: 'small/one' }, { spender: 'small/two' }],
      2.5 * minuteMs,
    );
    expect(served).toHaveLength(6);
    expect(served).toEqual(expect.arrayContaining(['small/one', 'small/two']));
  });

  test('a Pipeline with many environments does not starve another of its namespace', () => {
    const steady = new SteadyBudget({ limits });
    const many = Array.from({ length: 16 }, (_, at) => ({ spender: 'apps/wide', act: `apps/wide e${at}` }));
    const served = serve(steady, [...many, { spender: 'apps/narrow' }], 1.5 * minuteMs);
    expect(served).toContain('apps/narrow');
  });

  test('protected environments go first, and the others still have their turn', () => {
    const steady = new SteadyBudget({ limits });
    const ordinary = Array.from({ length: 20 }, (_, at) => ({ spender: `apps/o${at}` }));
    const prod = Array.from({ length: 20 }, (_, at) => ({
      spender: `apps/p${at}`,
      act: `apps/p${at} prod`,
      isProtected: true,
    }));
    serve(steady, ordinary.slice(0, 2), 1);
    const served = serve(steady, [...ordinary.slice(2), ...prod], 6.2 * minuteMs);
    const ofProd = served.filter((name) => name.endsWith('prod')).length;
    expect([ofProd, served.length - ofProd]).toEqual([9, 3]);
  });

  test('each of 500 that wait is told a time of its own, and is served when it comes then', () => {
    const steady = new SteadyBudget({ limits: [{ calls: 80, ms: minuteMs }] });
    const waits = Array.from({ length: 500 }, (_, at) => steady.tryToAct(`apps/p${at}`));
    const told = waits.filter((wait) => wait !== 'done');
    expect(told).toHaveLength(480);
    expect([...new Set(told.map((wait) => Math.floor(wait / minuteMs)))]).toEqual(
      Array.from({ length: 24 }, (_, minute) => minute + 1),
    );
    let late = 0;
    for (const [at, wait] of waits.entries()) {
      if (wait === 'done') continue;
      steady.ms = Math.max(steady.ms, wait);
      if (steady.tryToAct(`apps/p${at}`) !== 'done') late += 1;
    }
    expect(late).toBe(0);
  });

  test('who does not come loses its slot, and those behind are not later for it', () => {
    const steady = new SteadyBudget({ limits: [{ calls: 4, ms: minuteMs }] });
    steady.tryToAct('apps/first');
    const absent = Number(steady.tryToAct('apps/absent'));
    const next = Number(steady.tryToAct('apps/next'));
    expect(next).toBeGreaterThan(absent + minuteMs - 1);
    steady.ms = absent + 5_000;
    expect(steady.tryToAct('apps/newcomer')).not.toBe('done');
    steady.ms = next;
    expect(steady.tryToAct('apps/next')).toBe('done');
  });

  test('who comes late for want of a worker is not put behind all others', () => {
    const steady = new SteadyBudget({ limits: [{ calls: 4, ms: minuteMs }] });
    steady.tryToAct('apps/first');
    const late = Number(steady.tryToAct('apps/late'));
    for (const other of ['b', 'c', 'd', 'e']) steady.tryToAct(`apps/${other}`);
    // Somebody else had what was free then.
    steady.ms = late + 12_000;
    expect(steady.tryToAct('apps/newcomer', { isProtected: true })).toBe('done');
    steady.ms += 18_000;
    const again = Number(steady.tryToAct('apps/late'));
    expect(again).toBeLessThan(0.8 * minuteMs);
    steady.ms += again;
    expect(steady.tryToAct('apps/late')).toBe('done');
  });

  test('who comes before its turn takes nothing that gathers for another', () => {
    const steady = new SteadyBudget({ limits: [{ calls: 8, ms: minuteMs }] });
    for (let at = 0; at < 8; at += 1) {
      steady.tryToAct(`apps/p${at}`, { calls: 1 });
      steady.ms += 5_000;
    }
    const whole = Number(steady.tryToAct('apps/whole', { calls: 6 }));
    steady.ms += whole - 6_000;
    expect(steady.tryToAct('apps/little', { calls: 1 })).not.toBe('done');
    steady.ms += 6_000;
    expect(steady.tryToAct('apps/whole', { calls: 6 })).toBe('done');
  });

  test('the list of those who wait has an end, and who comes after it is told later times', () => {
    const steady = new SteadyBudget({ limits: [{ calls: 80, ms: minuteMs }] });
    const waits = Array.from({ length: 1_200 }, (_, at) => Number(steady.tryToAct(`apps/p${at}`))).slice(20);
    expect(Math.max(...waits)).toBeGreaterThan(55 * minuteMs);
    expect(waits.at(-1)).toBeGreaterThan(waits[900] ?? Infinity);
  });
});

const limited = (retryAt?: Date): ForgeError =>
  new ForgeError('RateLimited', 'github.com limits', { status: 429, ...(retryAt && { retryAt }) });

describe('what the forge says', () => {
  const installation = ['installation 52'];
  const work = { calls: 0, answer: (): Promise<string> => Promise.resolve('fine') };
  const ask = async (steady: SteadyBudget, names: readonly string[] = installation): Promise<string> => {
    try {
      return await steady.budget.through(names, () => {
        work.calls += 1;
        return work.answer();
      });
    } catch (thrown) {
      return (thrown as { code: string }).code; // what it is, is compared
    }
  };
  const says = (answer: () => Promise<string>): void => {
    work.calls = 0;
    work.answer = answer;
  };

  test('a forge at its limit is asked once a minute at most, whoever asks and whatever', async () => {
    says(() => Promise.reject(limited()));
    const steady = new SteadyBudget();
    const sent: number[] = [];
    for (; steady.ms < hourMs; steady.ms += 1_000) {
      const before = work.calls;
      await ask(steady);
      await ask(steady);
      if (work.calls > before) sent.push(steady.ms);
    }
    expect(sent.slice(0, 4)).toEqual([0, minuteMs, 3 * minuteMs, 5 * minuteMs]);
    expect(work.calls).toBe(sent.length);
  });

  test('another account is not affected', async () => {
    const steady = new SteadyBudget();
    says(() => Promise.reject(limited()));
    await ask(steady);
    says(() => Promise.resolve('fine'));
    expect([
      await ask(steady),
      await ask(steady, ['installation 53']),
      await ask(steady, ['user 7']),
    ]).toEqual(['WaitingForBudget', 'fine', 'fine']);
  });

  test('its own time is heeded where that is later than ours', async () => {
    const steady = new SteadyBudget();
    says(() => Promise.reject(limited(new Date(steady.now.getTime() + 10 * minuteMs))));
    await ask(steady);
    says(() => Promise.resolve('fine'));
    steady.ms = 10 * minuteMs - 1;
    expect(await ask(steady)).toBe('WaitingForBudget');
    steady.ms += 1;
    expect([await ask(steady), await ask(steady)]).toEqual(['fine', 'fine']);
  });

  test('an App does not ask while its installation is asked to wait, nor the other way round', async () => {
    const steady = new SteadyBudget();
    steady.budget.link('app 9', 'installation 52');
    says(() => Promise.reject(limited()));
    await ask(steady);
    expect(await ask(steady, ['app 9'])).toBe('WaitingForBudget');
    steady.ms = minuteMs;
    expect(await ask(steady, ['app 9'])).toBe('RateLimited');
    expect([await ask(steady), work.calls]).toEqual(['WaitingForBudget', 2]);
  });

  test('of two installations of one App the other is not affected, nor what the App asks for it', async () => {
    const steady = new SteadyBudget();
    const another = 'installation 53';
    steady.budget.link('app 9', 'installation 52');
    steady.budget.link('app 9', another);
    says(() => Promise.reject(limited()));
    await ask(steady);
    says(() => Promise.resolve('fine'));
    expect([
      await ask(steady, [another]),
      await ask(steady, ['app 9', another]),
      await ask(steady, ['app 9']),
      await ask(steady, ['app 9', 'installation 52']),
    ]).toEqual(['fine', 'fine', 'fine', 'WaitingForBudget']);
  });

  test('while one call probes whether the forge takes us again, the others wait', async () => {
    const steady = new SteadyBudget();
    says(() => Promise.reject(limited()));
    await ask(steady);
    steady.ms = minuteMs;
    const { promise, resolve } = Promise.withResolvers<string>();
    says(() => promise);
    const probing = ask(steady);
    expect([await ask(steady), work.calls]).toEqual(['WaitingForBudget', 1]);
    resolve('fine');
    expect([await probing, await ask(steady)]).toEqual(['fine', 'fine']);
  });

  test('nobody begins an act, and all are told times of their own', async () => {
    const steady = new SteadyBudget({ limits: [] });
    says(() => Promise.reject(limited()));
    await ask(steady);
    const waits = ['apps/one', 'apps/two', 'apps/three'].map((spender) => Number(steady.tryToAct(spender)));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(minuteMs);
    expect(new Set(waits).size).toBe(3);
  });

  test('what is owed is sent when the forge takes us again, and not before', async () => {
    const steady = new SteadyBudget();
    says(() => Promise.reject(limited()));
    await ask(steady);
    const sent: number[] = [];
    steady.budget.oweWhileShut('installation 52', () => {
      sent.push(steady.ms);
      return Promise.resolve();
    });
    says(() => Promise.resolve('fine'));
    await ask(steady);
    expect(sent).toEqual([]);
    steady.ms = minuteMs;
    await ask(steady);
    await ask(steady);
    expect(sent).toEqual([minuteMs]);
  });
});

describe('headers', () => {
  const heard = (steady: SteadyBudget, status: number, headers: Record<string, string>): void => {
    const lower = new Map(Object.entries(headers));
    steady.budget.hear('installation 52', {
      status,
      headers: { get: (name) => lower.get(name) ?? null, [Symbol.iterator]: () => lower.entries() },
      body: (async function* () {})(),
      discard: () => Promise.resolve(),
    });
  };
  const rate = (resource: string, remaining: number, resetMs: number): Record<string, string> => ({
    'x-ratelimit-resource': resource,
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(Date.parse('2026-11-25T08:00:00Z') / 1000 + resetMs / 1000),
  });
  const waitFor = (steady: SteadyBudget, resource: string): number => {
    try {
      steady.budget.assertOpen('installation 52', resource);
      return 0;
    } catch (thrown) {
      return steady.waitOf(thrown);
    }
  };

  test('REST and GraphQL are used up apart from each other, until their own reset', () => {
    const steady = new SteadyBudget();
    heard(steady, 200, rate('core', 0, 10 * minuteMs));
    heard(steady, 200, rate('graphql', 17, 20 * minuteMs));
    expect([waitFor(steady, 'core'), waitFor(steady, 'graphql')]).toEqual([10 * minuteMs, 0]);
    steady.ms = 10 * minuteMs;
    expect(waitFor(steady, 'core')).toBe(0);
  });

  test('no act begins that the primary limit would stop half way', () => {
    const steady = new SteadyBudget();
    heard(steady, 200, rate('core', 9, 10 * minuteMs));
    expect(steady.tryToAct('apps/podinfo')).toBe(10 * minuteMs);
    heard(steady, 200, rate('core', 5_000, 70 * minuteMs));
    expect(steady.tryToAct('apps/podinfo')).toBe('done');
  });

  test('what is left can be read without asking, and of answers that overtake each other the lower counts', () => {
    const steady = new SteadyBudget();
    expect(steady.budget.rateOf('installation 52')).toBeUndefined();
    heard(steady, 200, rate('core', 4_990, hourMs));
    heard(steady, 200, rate('core', 4_991, hourMs));
    expect(steady.budget.rateOf('installation 52')).toEqual({
      limit: 5_000,
      remaining: 4_990,
      resetAt: new Date('2026-11-25T09:00:00Z'),
    });
    expect(steady.budget.facts()).toContainEqual({
      host: 'github.com',
      account: 'installation 52',
      limit: 'core',
      remaining: 4_990,
    });
    steady.ms = hourMs;
    expect(steady.budget.rateOf('installation 52')).toBeUndefined();
  });

  test.each([
    ['seconds', { 'retry-after': '600' }, 10 * minuteMs],
    ['an HTTP date', { 'retry-after': 'Wed, 25 Nov 2026 08:10:00 GMT' }, 10 * minuteMs],
    [
      'an HTTP date of a forge whose clock is five minutes ahead',
      { 'retry-after': 'Wed, 25 Nov 2026 08:15:00 GMT', date: 'Wed, 25 Nov 2026 08:05:00 GMT' },
      10 * minuteMs,
    ],
    ['fewer seconds than we wait anyway', { 'retry-after': '1' }, minuteMs],
    ['something else', { 'retry-after': '-5' }, minuteMs],
    ['nothing', {}, minuteMs],
  ])('a 429 whose Retry-After says %s is heeded at once', (_name, headers, waitMs) => {
    const steady = new SteadyBudget();
    heard(steady, 429, headers);
    expect(waitFor(steady, 'core')).toBe(waitMs);
  });

  test('a 403 without Retry-After is a no of another kind, with it a limit', () => {
    const steady = new SteadyBudget();
    heard(steady, 403, {});
    expect(waitFor(steady, 'core')).toBe(0);
    heard(steady, 403, { 'retry-after': '120' });
    expect(waitFor(steady, 'graphql')).toBe(2 * minuteMs);
  });
});

test('a clock that is set neither shortens nor lengthens a wait', () => {
  let [wall, steady] = [Date.parse('2026-11-25T08:00:00Z'), 0];
  const budget = new Budget({
    host: 'github.com',
    limits: [{ calls: 4, ms: minuteMs }],
    clock: { now: () => new Date(wall) },
    elapsedMs: () => steady,
  });
  const act = { account: 'user 1', act: 'a/b c', spender: 'a/b', isProtected: false, calls: 4 };
  const reservation = budget.reserve(act);
  for (let call = 0; call < 4; call += 1) reservation.take()();
  wall += hourMs;
  expect(() => budget.reserve(act)).toThrow('until 2026-11-25T09:01:01Z');
  steady += 1.001 * minuteMs;
  wall -= hourMs;
  expect(() => budget.reserve(act)).not.toThrow();
});
