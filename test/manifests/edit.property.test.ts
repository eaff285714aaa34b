import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseAllDocuments, visit } from 'yaml';
import { stream } from './documents.ts';
import { promote } from './promote.ts';
import { write } from './written.ts';

/** Values as the border lets them pass, ones that look like something else, and ones that it would never let pass. */
const value = fc.oneof(
  fc.constantFrom(
    '6.1.0',
    '6.0.0',
    'x y',
    ' a',
    'a ',
    '#a',
    '7',
    '1.10',
    'true',
    '',
    '~',
    'a: "b" #c',
    "it's",
    "'x'",
    '- a',
    '\ta\n',
  ),
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+:@/-]{0,20}$/),
  fc.string({ unit: 'binary' }),
);
const values = fc.record({ version: value, digest: value }, { requiredKeys: ['version'] });

function meaningsOf(text: string): unknown[] {
  // This parser takes a list right behind a byte order mark for a mistake.
  return parseAllDocuments(text.replace(/^\ufeff/, ''), { logLevel: 'silent' }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS({ mapAsMap: true });
  });
}

function textOf(fixed: readonly string[], between: readonly string[]): string {
  return fixed.map((part, index) => part + (between[index] ?? '')).join('');
}

/** What stands between the parts that may not change; undefined when one of them is not there. */
function betweenParts(text: string, fixed: readonly string[]): string[] | undefined {
  const [first = '', ...rest] = fixed;
  if (!text.startsWith(first)) return undefined;
  let at = first.length;
  const between: string[] = [];
  for (const [index, part] of rest.entries()) {
    const next = index === rest.length - 1 ? text.length - part.length : text.indexOf(part, at);
    if (next < at || !text.startsWith(part, next)) return undefined;
    between.push(text.slice(at, next));
    at = next + part.length;
  }
  return at === text.length ? between : undefined;
}

test('in any documents exactly the marked values and their aliases change, and every other byte is equal', () => {
  const seen = { changed: 0, unchanged: 0, unmarked: 0, refused: 0 };
  fc.assert(
    fc.property(stream, values, (documents, wanted) => {
      const { fixed, slots, meanings, marks, lookalikes } = write(documents, wanted);
      const text = textOf(fixed, slots);
      // The documents are what the generator takes them for.
      expect(meaningsOf(text)).toEqual(meanings.map(({ before }) => before));

      const result = promote(text, wanted);
      const kind =
        marks.length === 0 ? 'unmarked' : marks.every(({ isRight }) => isRight) ? 'unchanged' : 'changed';
      expect(result.kind).toBe(kind);
      seen[result.kind] += 1;
      if (result.kind === 'unmarked' || result.kind === 'refused') return;
      expect(result.warnings).toHaveLength(lookalikes);
      if (result.kind === 'unchanged') return;
      expect(textOf(fixed, betweenParts(result.text, fixed) ?? [])).toBe(result.text);
      expect(meaningsOf(result.text)).toEqual(meanings.map(({ after }) => after));
      expect(result.edits.map(({ line }) => line)).toEqual(
        marks.filter(({ isRight }) => !isRight).map(({ line }) => line),
      );
      expect(promote(result.text, wanted).kind).toBe('unchanged');
    }),
    { numRuns: 1_000 },
  );
  // Each of these was edited once more, which changed nothing.
  expect(seen.changed).toBeGreaterThan(250);
}, 120_000); // seconds of work, which a busy machine stretches

/** Every key and value of all documents in the order of the text, as it is understood; undefined when it is not YAML. */
function scalarsOf(text: string): unknown[] | undefined {
  const scalars: unknown[] = [];
  for (const document of parseAllDocuments(text.replace(/^\ufeff/, ''), { logLevel: 'silent' })) {
    if (document.errors.length > 0) return undefined;
    visit(document, {
      Scalar: (_, { value }) => void scalars.push(value),
      Alias: (_, { source }) => void scalars.push(`*${source}`),
    });
  }
  return scalars;
}

test('in documents that a slip of the hand changed, no more than the edits that it names happens, or nothing', () => {
  const slip = fc.record({
    at: fc.nat(),
    length: fc.nat(6),
    typed: fc.constantFrom(
      '',
      ' ',
      '  ',
      '\n',
      '\t',
      ':',
      '- ',
      '#',
      '"',
      "'",
      '{',
      ']',
      ',',
      '|',
      '&a',
      '*a',
      '!',
      '\r',
      '?',
    ),
  });
  const seen = { changed: 0, unchanged: 0, unmarked: 0, refused: 0 };
  fc.assert(
    fc.property(
      stream,
      values,
      fc.array(slip, { minLength: 1, maxLength: 3 }),
      (documents, wanted, slips) => {
        const { fixed, slots } = write(documents, wanted);
        const text = slips.reduce(
          (before, { at, length, typed }) => {
            const start = at % (before.length + 1);
            return before.slice(0, start) + typed + before.slice(start + length);
          },
          textOf(fixed, slots),
        );
        const result = promote(text, wanted);
        seen[result.kind] += 1;
        if (result.kind !== 'changed') return;
        const [before, after] = [scalarsOf(text), scalarsOf(result.text)];
        expect(after).toHaveLength(before?.length ?? -1);
        const became = after?.filter((each, index) => !Object.is(each, before?.[index])) ?? [];
        expect(became).toHaveLength(result.edits.length);
        expect(became).toEqual(result.edits.map(({ to }) => to));
      },
    ),
    { numRuns: 1_000 },
  );
  expect(seen.changed).toBeGreaterThan(250);
  expect(seen.refused).toBeGreaterThan(100);
}, 120_000);
