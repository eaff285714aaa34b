import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { register } from 'prom-client';
import type { RuntimeFacts } from '../../src/telemetry/health.ts';
import { metricTable, type DeclaredMetric } from '../../src/telemetry/metric-table.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { controllerFacts, reflectorFacts, runtimeFacts } from './facts.ts';

const all: readonly DeclaredMetric[] = Object.values(metricTable);
const created = (eventLoopLagMs = 0): Metrics =>
  createMetrics({ version: '1.2.3', eventLoopLagMs: () => eventLoopLagMs });

/** Every line of a scrape that begins with `name`. */
async function lines(metrics: Metrics, name: string): Promise<string[]> {
  const { text } = await metrics.scrape();
  return text.split('\n').filter((line) => line.startsWith(name));
}

describe('every metric', () => {
  test.each(all.map((each) => [each.name, each] as const))('%s is named as Prometheus asks', (name, each) => {
    expect(name).toMatch(/^(lockkeeper|process|nodejs)_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(each.type === 'counter');
    if (each.type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(name).not.toMatch(/_(milliseconds|ms|kilobytes|minutes)(_|$)/);
    expect(each.help).toMatch(/^[A-Z0-9][^\n|]*\.$/);
  });

  test('has a name of its own', () => {
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });

  test('is in a scrape with its help and type', async () => {
    const { text, contentType } = await created().scrape();
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    for (const { name, type, help } of all)
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}`);
  });

  test('is told of in the reference, and no other', () => {
    const page = readFileSync(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8');
    const rows = page
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, -1),
      );
    expect(rows).toEqual(all.map(rowOf));
  });
});

/** How the reference tells of it; copy what a failing test wants. */
function rowOf({ name, type, labels, help }: DeclaredMetric): string[] {
  const names = Object.keys(labels).map((label) => `\`${label}\``);
  return [`\`${name}\``, type, names.join(', '), help];
}

test('what is left of the limits of forges is read at each scrape, and waits are counted', async () => {
  const metrics = created();
  let left = 7;
  const account = { host: 'github.com', account: 'installation 52' };
  metrics.follow(() => ({
    ...runtimeFacts(),
    budgets: [{ ...account, limit: 'content_hour', remaining: left }],
  }));
  metrics.budgetWait({ host: 'github.com', why: 'content' });
  metrics.budgetWait({ host: 'github.com', why: 'content' });
  left = 3;
  expect(await lines(metrics, 'lockkeeper_forge_budget')).toEqual([
    'lockkeeper_forge_budget_remaining{host="github.com",account="installation 52",limit="content_hour"} 3',
    'lockkeeper_forge_budget_waits_total{host="github.com",why="content"} 2',
  ]);
});

test('events are counted and timed in seconds', async () => {
  const metrics = created();
  metrics.kubeCall({ verb: 'list', resource: 'pipelines', code: '200', milliseconds: 20 });
  metrics.kubeCall({ verb: 'list', resource: 'pipelines', code: 'Timeout', milliseconds: 60_000 });
  metrics.watchRestarted('pipelines', 'Gone');
  metrics.pass({ controller: 'pipelines', outcome: 'requeued', milliseconds: 4 });
  metrics.forgeCall({ host: 'github.com', name: 'look', outcome: 'ok', milliseconds: 300 });
  expect(await lines(metrics, 'lockkeeper_kube_requests_total')).toEqual([
    'lockkeeper_kube_requests_total{verb="list",resource="pipelines",code="200"} 1',
    'lockkeeper_kube_requests_total{verb="list",resource="pipelines",code="Timeout"} 1',
  ]);
  expect(await lines(metrics, 'lockkeeper_kube_request_duration_seconds')).toEqual(
    expect.arrayContaining([
      'lockkeeper_kube_request_duration_seconds_bucket{le="0.005",verb="list",resource="pipelines"} 0',
      'lockkeeper_kube_request_duration_seconds_bucket{le="0.025",verb="list",resource="pipelines"} 1',
      'lockkeeper_kube_request_duration_seconds_bucket{le="60",verb="list",resource="pipelines"} 2',
      'lockkeeper_kube_request_duration_seconds_sum{verb="list",resource="pipelines"} 60.02',
    ]),
  );
  expect(await lines(metrics, 'lockkeeper_watch_restarts_total')).toEqual([
    'lockkeeper_watch_restarts_total{resource="pipelines",reason="Gone"} 1',
  ]);
  expect(await lines(metrics, 'lockkeeper_reconcile_total')).toEqual([
    'lockkeeper_reconcile_total{controller="pipelines",outcome="requeued"} 1',
  ]);
  expect(await lines(metrics, 'lockkeeper_reconcile_duration_seconds_sum')).toEqual([
    'lockkeeper_reconcile_duration_seconds_sum{controller="pipelines"} 0.004',
  ]);
  expect(await lines(metrics, 'lockkeeper_forge_calls_total')).toEqual([
    'lockkeeper_forge_calls_total{host="github.com",call="look",outcome="ok"} 1',
  ]);
  expect(await lines(metrics, 'lockkeeper_forge_call_duration_seconds_sum')).toEqual([
    'lockkeeper_forge_call_duration_seconds_sum{host="github.com",call="look"} 0.3',
  ]);
});

test('states are read when somebody scrapes', async () => {
  const metrics = created(250);
  expect(await lines(metrics, 'lockkeeper_leader')).toEqual(['lockkeeper_leader 0']);
  let facts = runtimeFacts({
    reflectors: [
      reflectorFacts({ staleMs: 1_500, objects: 7, refused: 2, checksum: 17 }),
      reflectorFacts({ resource: 'gone' }),
    ],
    controllers: [controllerFacts({ queueDepth: 5, oldestMs: 2_500, running: 2, overdue: 1 })],
  });
  metrics.follow(() => facts);
  const { text } = await metrics.scrape();
  const states = text
    .split('\n')
    .filter((line) => /^lockkeeper_(watch|store|queue|reconcile_|leader|event|build)/.test(line));
  expect(states).toEqual([
    'lockkeeper_watch_staleness_seconds{resource="pipelines"} 1.5',
    'lockkeeper_watch_staleness_seconds{resource="gone"} 20',
    'lockkeeper_store_objects{resource="pipelines"} 7',
    'lockkeeper_store_objects{resource="gone"} 3',
    'lockkeeper_store_refused_objects{resource="pipelines"} 2',
    'lockkeeper_store_refused_objects{resource="gone"} 0',
    'lockkeeper_store_checksum{resource="pipelines"} 17',
    'lockkeeper_store_checksum{resource="gone"} 4000000000',
    'lockkeeper_queue_depth{controller="pipelines"} 5',
    'lockkeeper_queue_oldest_seconds{controller="pipelines"} 2.5',
    'lockkeeper_reconcile_running{controller="pipelines"} 2',
    'lockkeeper_reconcile_overdue{controller="pipelines"} 1',
    'lockkeeper_leader 1',
    'lockkeeper_event_loop_lag_seconds 0.25',
    'lockkeeper_build_info{version="1.2.3"} 1',
  ]);
  facts = runtimeFacts();
  // What is gone does not stay as it was last seen.
  expect(await lines(metrics, 'lockkeeper_store_objects{')).toEqual([
    'lockkeeper_store_objects{resource="pipelines"} 3',
  ]);
});

test('what the auditor found is told by verdict and by class, and without one nothing', async () => {
  const metrics = created();
  expect(await lines(metrics, 'lockkeeper_credential_access')).toEqual([]);
  metrics.follow(() =>
    runtimeFacts({ access: { verdicts: { Exclusive: 2, Shared: 1 }, others: { Read: 3, Indirect: 1 } } }),
  );
  expect(await lines(metrics, 'lockkeeper_credential_access')).toEqual([
    'lockkeeper_credential_access{verdict="Exclusive"} 2',
    'lockkeeper_credential_access{verdict="Shared"} 1',
    'lockkeeper_credential_access_others{class="Read"} 3',
    'lockkeeper_credential_access_others{class="Indirect"} 1',
  ]);
});

test('the process tells of itself', async () => {
  const { text } = await created().scrape();
  const valueOf = (name: string): number => Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
  expect(valueOf('process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(valueOf('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  expect(valueOf('nodejs_heap_size_used_bytes')).toBeGreaterThan(1_000_000);
  const ageSeconds = Date.now() / 1000 - valueOf('process_start_time_seconds');
  expect(Math.abs(ageSeconds - process.uptime())).toBeLessThan(60);
});

describe('labels cannot grow without bound:', () => {
  test('what is not in a closed set is other', async () => {
    const metrics = created();
    metrics.kubeCall({ verb: 'brew', resource: 'pots', code: '418', milliseconds: 1 });
    expect(await lines(metrics, 'lockkeeper_kube_requests_total')).toEqual([
      'lockkeeper_kube_requests_total{verb="other",resource="pots",code="418"} 1',
    ]);
  });

  test('of an open set the first 64 values are told apart, and stay so', async () => {
    const metrics = created();
    for (let n = 0; n < 1_000; n += 1) metrics.watchRestarted(`kind-${n}`, 'Gone');
    metrics.watchRestarted('kind-63', 'Gone');
    const found = await lines(metrics, 'lockkeeper_watch_restarts_total');
    expect(found).toHaveLength(65);
    expect(found.slice(-2)).toEqual([
      'lockkeeper_watch_restarts_total{resource="kind-63",reason="Gone"} 2',
      'lockkeeper_watch_restarts_total{resource="other",reason="Gone"} 936',
    ]);
  });

  test('a state that is read anew holds no place for what is gone', async () => {
    const metrics = created();
    const kinds = (prefix: string): RuntimeFacts =>
      runtimeFacts({
        reflectors: Array.from({ length: 64 }, (_, n) => reflectorFacts({ resource: `${prefix}-${n}` })),
      });
    metrics.follow(() => kinds('old'));
    expect(await lines(metrics, 'lockkeeper_store_objects{resource="old-')).toHaveLength(64);
    metrics.follow(() => kinds('new'));
    expect(await lines(metrics, 'lockkeeper_store_objects{resource="new-')).toHaveLength(64);
  });

  test('accounts with little left are told apart, and of the others the least is shown', async () => {
    const metrics = created();
    const budgets = Array.from({ length: 100 }, (_, n) => ({
      host: 'github.com',
      account: `installation ${n}`,
      limit: 'core',
      remaining: 5_000 - n,
    }));
    metrics.follow(() => ({ ...runtimeFacts(), budgets }));
    const found = await lines(metrics, 'lockkeeper_forge_budget_remaining{');
    expect(found).toHaveLength(65);
    expect(found).toEqual(
      expect.arrayContaining([
        'lockkeeper_forge_budget_remaining{host="github.com",account="installation 99",limit="core"} 4901',
        'lockkeeper_forge_budget_remaining{host="github.com",account="installation 36",limit="core"} 4964',
        'lockkeeper_forge_budget_remaining{host="github.com",account="other",limit="core"} 4965',
      ]),
    );
    for (const each of budgets) each.remaining += 40;
    expect(
      await lines(metrics, 'lockkeeper_forge_budget_remaining{host="github.com",account="other"'),
    ).toEqual(['lockkeeper_forge_budget_remaining{host="github.com",account="other",limit="core"} 5005']);
  });

  test('a name of an object of JavaScript is a value like any', async () => {
    const metrics = created();
    metrics.watchRestarted('__proto__', 'constructor');
    expect(await lines(metrics, 'lockkeeper_watch_restarts_total')).toEqual([
      'lockkeeper_watch_restarts_total{resource="__proto__",reason="constructor"} 1',
    ]);
  });
});

test.each([NaN, -1, Infinity])('a duration that is none (%d) fails nothing', async (milliseconds) => {
  const metrics = created();
  metrics.pass({ controller: 'pipelines', outcome: 'ok', milliseconds });
  expect(await lines(metrics, 'lockkeeper_reconcile_duration_seconds_sum')).toEqual([
    'lockkeeper_reconcile_duration_seconds_sum{controller="pipelines"} 0',
  ]);
});

test('each has a registry of its own, and none is the global one', async () => {
  const [one, another] = [created(), created()];
  one.watchRestarted('pipelines', 'Gone');
  expect(await lines(another, 'lockkeeper_watch_restarts_total{')).toEqual([]);
  expect(register.getMetricsAsArray()).toEqual([]);
});
