import { describe, expect, test } from '@jest/globals';
import { liveness, readiness, type RuntimeFacts, type Verdict } from '../../src/telemetry/health.ts';
import { controllerFacts, reflectorFacts, runtimeFacts } from './facts.ts';

const minuteMs = 60_000;
const alive = (change: Partial<RuntimeFacts> = {}, eventLoopLagMs = 12): Verdict =>
  liveness({ ...runtimeFacts(change), eventLoopLagMs });

/** Names of the checks that failed. */
const failed = ({ checks }: Verdict): string[] => checks.filter(({ ok }) => !ok).map(({ name }) => name);
const failures = (verdict: Verdict): string[] =>
  verdict.checks.filter(({ ok }) => !ok).map(({ message }) => message);

test('a leader that is well is alive and ready, and says what it saw', () => {
  expect(alive()).toEqual({
    ok: true,
    checks: [
      { name: 'event-loop', ok: true, message: 'was held up for 0 s at most' },
      { name: 'watch-pipelines', ok: true, message: 'heard something, or failed at it, 20 s ago' },
      { name: 'passes-pipelines', ok: true, message: 'no pass is past its deadline' },
      {
        name: 'queue-pipelines',
        ok: true,
        message: '0 wait, the first for 0 s; 1 of 8 workers are busy',
      },
    ],
  });
  expect(readiness(runtimeFacts())).toEqual({
    ok: true,
    checks: [{ name: 'cache-pipelines', ok: true, message: 'was current 20 s ago' }],
  });
});

describe('liveness fails when', () => {
  test('the event loop was held up', () => {
    expect(failed(alive({}, 9_999))).toEqual([]);
    expect(failed(alive({}, 10_000))).toEqual(['event-loop']);
  });

  test('a reflector has neither heard nor tried anything', () => {
    const reflectors = (idleMs: number) => [
      reflectorFacts(),
      reflectorFacts({ resource: 'helmreleases', idleMs }),
    ];
    expect(failed(alive({ reflectors: reflectors(6 * minuteMs - 1) }))).toEqual([]);
    expect(failed(alive({ reflectors: reflectors(6 * minuteMs) }))).toEqual(['watch-helmreleases']);
  });

  test('a pass does not heed that it was aborted', () => {
    const controllers = (longestPassMs: number) => [controllerFacts({ overdue: 1, longestPassMs })];
    expect(failed(alive({ controllers: controllers(13 * minuteMs - 1) }))).toEqual([]);
    expect(failed(alive({ controllers: controllers(13 * minuteMs) }))).toEqual(['passes-pipelines']);
  });

  test('a ready key is not taken although a worker is free', () => {
    const controllers = (oldestMs: number) => [controllerFacts({ queueDepth: 3, oldestMs, running: 7 })];
    expect(failed(alive({ controllers: controllers(15 * minuteMs - 1) }))).toEqual([]);
    expect(failed(alive({ controllers: controllers(15 * minuteMs) }))).toEqual(['queue-pipelines']);
  });
});

describe('a restart would not help, so it stays alive, when', () => {
  test.each<[string, Partial<RuntimeFacts>]>([
    ['the API server cannot be reached', { reflectors: [reflectorFacts({ staleMs: 60 * minuteMs })] }],
    ['it is forbidden to list', { reflectors: [reflectorFacts({ isPermitted: false, hasSynced: false })] }],
    ['what is watched is not defined', { reflectors: [reflectorFacts({ isServed: false })] }],
    [
      'more is to do than all workers can',
      { controllers: [controllerFacts({ queueDepth: 9_000, oldestMs: 60 * minuteMs, running: 8 })] },
    ],
  ])('%s', (_, change) => {
    expect(failed(alive(change))).toEqual([]);
  });
});

describe('readiness fails when', () => {
  test.each<[string, Partial<RuntimeFacts>, readonly string[]]>([
    ['nothing is watched', { reflectors: [] }, ['caches']],
    [
      'one cache is not filled',
      { reflectors: [reflectorFacts(), reflectorFacts({ resource: 'namespaces', hasSynced: false })] },
      ['cache-namespaces'],
    ],
    [
      'it is forbidden to list',
      { reflectors: [reflectorFacts({ isPermitted: false })] },
      ['cache-pipelines'],
    ],
    [
      'what is watched is not defined',
      { reflectors: [reflectorFacts({ isServed: false })] },
      ['cache-pipelines'],
    ],
    [
      'nobody knows yet whether it has a right that it must not have, and nothing may be done before',
      { isOverPrivilegeAwaited: true },
      ['own-rights'],
    ],
    [
      'a cache is five minutes behind',
      { reflectors: [reflectorFacts({ staleMs: 5 * minuteMs })] },
      ['cache-pipelines'],
    ],
  ])('%s', (_, change, names) => {
    expect(failed(readiness(runtimeFacts(change)))).toEqual(names);
  });
});

test('a standby with full caches is ready', () => {
  expect(readiness(runtimeFacts({ isLeading: false })).ok).toBe(true);
});

test('whether it may be elected and may write what it found is a check each', () => {
  const permissions = [
    { use: 'election', denied: ['get leases', 'update leases'] },
    { use: 'status-pipelines', denied: [] },
  ];
  const { ok, checks } = readiness(runtimeFacts({ permissions }));
  expect(ok).toBe(false);
  expect(checks.slice(1)).toEqual([
    {
      name: 'election',
      ok: false,
      message: expect.stringMatching(
        /^the API server does not let us get leases, update leases; when the log /,
      ),
    },
    { name: 'status-pipelines', ok: true, message: 'nothing was denied' },
  ]);
});

test('a cache that is not filled says what went wrong last, and which definition is missing', () => {
  const reflectors = [
    reflectorFacts({ hasSynced: false, lastFailure: 'Unavailable' }),
    reflectorFacts({ isServed: false, resource: 'helmreleases', group: 'helm.toolkit.fluxcd.io' }),
  ];
  expect(failures(readiness({ reflectors }))).toEqual([
    expect.stringMatching(/^has not been filled yet, last Unavailable; /),
    expect.stringMatching(
      /^the API server has no helmreleases; apply the CustomResourceDefinition helmreleases\.helm\.toolkit\.fluxcd\.io: .*Flux those of toolkit\.fluxcd\.io$/,
    ),
  ]);
});

test('each failure says what to do next', () => {
  const bad = runtimeFacts({
    reflectors: [
      reflectorFacts({ idleMs: Infinity, staleMs: Infinity }),
      reflectorFacts({ isPermitted: false }),
      reflectorFacts({ isServed: false }),
      reflectorFacts({ hasSynced: false }),
    ],
    controllers: [
      controllerFacts({ overdue: 2, longestPassMs: 3_600_000, oldestMs: 3_600_000, queueDepth: 2 }),
    ],
    permissions: [{ use: 'election', denied: ['update leases'] }],
  });
  const messages = [
    ...failures(liveness({ ...bad, eventLoopLagMs: 20_000 })),
    ...failures(readiness(bad)),
    ...failures(readiness({ ...bad, reflectors: [] })),
  ];
  expect(messages).toHaveLength(10);
  for (const message of messages) expect(message).toMatch(/^[^;]+(;[^;]+)?; \S[^;]+$/);
});
