import { expect, test } from '@jest/globals';
import { sumOf } from './scrape.ts';

test('a metric is summed over the labels that were not asked for, and no other of a similar name is', () => {
  const text = [
    '# TYPE passes_total counter',
    'passes_total{controller="pipelines",outcome="ok"} 3',
    'passes_total{controller="pipelines",outcome="failed"} 1',
    'passes_total{controller="credentials",outcome="ok"} 50',
    'passes_total_seconds{controller="pipelines"} 1000',
    'leader 1',
  ].join('\n');
  expect(sumOf(text, 'passes_total', { controller: 'pipelines' })).toBe(4);
  expect(sumOf(text, 'passes_total', {})).toBe(54);
  expect(sumOf(text, 'leader', {})).toBe(1);
  expect(sumOf(text, 'missing', {})).toBe(0);
});
