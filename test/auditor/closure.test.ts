import { expect, test } from '@jest/globals';
import { audit } from '../../src/auditor/closure.ts';
import { needed, question } from './fixtures/fixture.ts';
import { fixtures } from './fixtures/index.ts';
import type { Written } from './fixtures/objects.ts';
import { expectedOf, findings, indexOf, reportOn } from './indexed.ts';

test.each(fixtures)('$name', (fixture) => {
  expect(findings(reportOn(fixture.objects, fixture))).toEqual(expectedOf(fixture));
});

test('each has a name of its own, there are more than forty, and each way around is among them', () => {
  const names = fixtures.map(({ name }) => name);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  expect(names.length).toBeGreaterThan(40);
  const shown = new Set(fixtures.flatMap(({ detour }) => detour ?? []));
  expect([...shown].toSorted()).toEqual(Array.from({ length: 14 }, (_, at) => `I-${at + 1}`).toSorted());
});

test('what was heard of first makes no difference', () => {
  for (const { objects } of fixtures) expect(reportOn(objects.toReversed())).toEqual(reportOn(objects));
});

test('taking something away lets nobody in', () => {
  const whoReaches = (objects: readonly Written[]): readonly string[] =>
    audit(indexOf([...needed, ...objects]), question).others.map(({ subject }) => subject);
  for (const { objects } of fixtures) {
    const all = whoReaches(objects);
    for (const gone of objects) {
      const left = whoReaches(objects.filter((each) => each !== gone));
      expect(left.filter((subject) => !all.includes(subject))).toEqual([]);
    }
  }
});
