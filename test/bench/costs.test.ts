import { describe, expect, test } from '@jest/globals';
import { costsOf, type Sample } from './costs.ts';
import { parseCpuMs, parseMB } from './process-meter.ts';
import { broken, figure } from './report.ts';
import { during, inSequence, uncovered, type Span } from './requests.ts';
import { percentile, rounded } from './statistics.ts';

const span = (start: number, end: number): Span => ({ start, end });

test('a percentile is a value that was measured, by nearest rank', () => {
  const values = [5, 1, 4, 2, 3];
  expect([0, 0.5, 0.6, 0.99, 1].map((share) => percentile(values, share))).toEqual([1, 3, 3, 5, 5]);
  const hundred = Array.from({ length: 200 }, (_, at) => at + 1);
  expect(percentile(hundred, 0.99)).toBe(198);
  expect(percentile([], 0.5)).toBeNaN();
});

test('figures have three digits that count', () => {
  expect([12_345, 12.345, 0.012345].map(rounded)).toEqual([12_300, 12.3, 0.0123]);
});

describe('our own share', () => {
  test.each<[string, Span[], number]>([
    ['is all of it without a request', [], 100],
    ['is what is before, between and after requests', [span(10, 30), span(50, 90)], 40],
    ['counts requests at the same time once', [span(10, 50), span(20, 40), span(45, 60)], 50],
    ['counts of a request only what is inside', [span(-20, 10), span(95, 120)], 85],
    ['is nothing within one request', [span(-1, 101)], 0],
    ['does not care for order', [span(50, 90), span(10, 30)], 40],
  ])('%s', (_, requests, share) => {
    expect(uncovered(span(0, 100), requests)).toBe(share);
  });
});

test('requests that wait for each other count, those sent at once count as one', () => {
  expect(inSequence([])).toBe(0);
  expect(inSequence([span(0, 10), span(10, 20), span(21, 30)])).toBe(3);
  expect(inSequence([span(0, 10), span(1, 12), span(2, 11), span(12, 20)])).toBe(2);
});

test('a request belongs to a span when it was under way in it', () => {
  const requests = [span(-5, 0), span(-5, 1), span(40, 60), span(99, 120), span(100, 120)];
  expect(during(span(0, 100), requests)).toEqual([span(-5, 1), span(40, 60), span(99, 120)]);
});

test('mint and revoke are no step of the sequence, the API server no forge, and waiting for either no share of ours', () => {
  const forge = 'http://forge';
  const sent = (origin: string, path: string, start: number, end: number) => ({
    ...span(start, end),
    origin,
    path,
    method: 'GET',
    status: 200,
  });
  const answered = (startMs: number, bytesOut: number, origin: 'api' | 'web' | 'codeload') => ({
    ...{ id: '', method: 'GET', route: '', url: '', credential: 'installation' as const, status: 200 },
    ...{ owner: undefined, tokenFingerprint: undefined, fault: undefined, bytesIn: 0 },
    ...{ origin, startMs, endMs: startMs + 1, bytesOut },
  });
  const sample: Sample = { window: span(0, 100), cycle: span(-50, 200), cpuMs: 30, cycleCpuMs: 60 };
  const costs = costsOf([sample, { ...sample, cpuMs: 50 }], {
    sent: [
      sent('https://cluster', '/api/v1/secret', 0, 10),
      sent(forge, '/graphql', 20, 40),
      sent(forge, '/app/installations/1/access_tokens', 45, 50),
      sent(forge, '/repos/a/b/pulls', 50, 95),
      sent(forge, '/installation/token', 101, 105),
      sent(forge, '/repos/a/b/pulls/1', 150, 160),
    ],
    answered: [
      ...[answered(20, 1_000, 'api'), answered(30, 2_000, 'codeload'), answered(150, 500, 'api')],
      ...[answered(150, 9_000, 'web'), answered(300, 9_000, 'api')],
    ],
    forgeOrigins: [forge],
  });
  expect(costs).toEqual({
    ms: { p50: 100, p99: 100 },
    ownMs: { p50: 20, p99: 20 },
    cpuMs: 40,
    cycleCpuMs: 60,
    sequence: 2,
    forgeRequests: 5,
    forgeKB: 3.5,
  });
});

test('a bar is broken by what is beyond it, and by what could not be measured', () => {
  const figures = [
    figure('at the bar', 10, 'ms', { bar: 10 }),
    figure('beyond it', 10.1, 'ms', { bar: 10 }),
    figure('without one', 1_000, 'ms'),
    figure('not measured', NaN, 'ms', { bar: 10 }),
  ];
  expect(broken(figures).map(({ name }) => name)).toEqual(['beyond it', 'not measured']);
});

test('processor time and memory are read as Linux writes them', () => {
  const stat = `12 (a name) with) 1) S ${'0 '.repeat(10)}250 31 7 7 20`;
  expect(parseCpuMs(stat)).toBe(2_810);
  expect(parseMB('Name:\tnode\nVmHWM:\t  100000 kB\nVmRSS:\t 9 kB\n', 'VmHWM')).toBe(102.4);
});
