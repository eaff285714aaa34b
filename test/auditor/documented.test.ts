import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { listed } from './fixtures/listed.ts';

const page = readFileSync(new URL('../../docs/access-audit.md', import.meta.url), 'utf8');

test('the documentation lists every fixture', () => {
  const [, list = ''] = page.split(/<!-- fixtures: .* -->\n\n/);
  expect(list.trim()).toBe(listed());
});

test('the documentation explains every way around', () => {
  const explained = [...page.matchAll(/^\| (I-\d+) +\|/gm)].map(([, id]) => id);
  expect(explained).toEqual(Array.from({ length: 14 }, (_, at) => `I-${at + 1}`));
});
