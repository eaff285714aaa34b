import { describe, expect, test } from '@jest/globals';
import { findDifference } from '../../src/manifests/compare.ts';
import { parse, type Parsed } from '../../src/manifests/parse.ts';

function parsed(text: string): Parsed {
  const read = parse(text);
  if ('problem' in read) throw new Error(read.problem.message);
  return read;
}

/** The text of the first difference, when the value after `v: ` was to become `to`. */
function differenceOf(before: string, after: string, to = '6.1.0'): string | undefined {
  const read = parsed(before);
  const wanted = new Map([[before.indexOf('6.0.0'), to]]);
  const difference = findDifference(read, parsed(after), wanted);
  return difference === undefined || difference === 'elsewhere'
    ? difference
    : before.slice(difference.start, difference.end);
}

test('there is none when the wanted value alone changed, however it is written', () => {
  expect(differenceOf('a: 1\nv: 6.0.0 # x\n', 'a:   1\nv: "6.1.0"\n')).toBeUndefined();
  expect(differenceOf('v: &x !!str 6.0.0\nw: *x\n', 'v: &x !!str 6.1.0\nw: *x\n')).toBeUndefined();
});

describe('there is one when', () => {
  test.each([
    ['the wanted value is another', 'v: 6.0.0\n', 'v: 6.2.0\n', '6.0.0'],
    ['the wanted value is no string', 'v: 6.0.0\n', 'v: 6.1\n', '6.0.0'],
    ['its tag is gone', 'v: !!str 6.0.0\n', 'v: 6.1.0\n', '6.0.0'],
    ['its anchor is gone', 'v: &x 6.0.0\n', 'v: 6.1.0\n', '6.0.0'],
    ['its anchor is another', 'v: &x 6.0.0\n', 'v: &y 6.1.0\n', '6.0.0'],
    ['it is a collection now', 'v: 6.0.0\n', 'v: [6.1.0]\n', 'elsewhere'],
    ['another value changed', 'v: 6.0.0\nw: a\n', 'v: 6.1.0\nw: b\n', 'a'],
    ['another value is a string now', 'v: 6.0.0\nw: 1\n', 'v: 6.1.0\nw: "1"\n', '1'],
    ['a key changed', 'v: 6.0.0\nw: a\n', 'v: 6.1.0\nx: a\n', 'w'],
    ['a value became a key', '- 6.0.0\n- {w: }\n', '- 6.1.0\n- [w, ]\n- b\n', 'elsewhere'],
    ['something was added', 'v: 6.0.0\n', 'v: 6.1.0\nw: a\n', 'elsewhere'],
    ['something went into another collection', '- [6.0.0]\n- a\n- b\n', '- [6.1.0, a]\n- b\n', 'elsewhere'],
    ['a collection has another tag', 'v: !a [6.0.0]\n', 'v: !b [6.1.0]\n', 'elsewhere'],
    ['a collection has another anchor', 'v: &a [6.0.0]\n', 'v: &b [6.1.0]\n', 'elsewhere'],
    ['a mapping became a sequence', 'v: {6.0.0: a}\n', 'v: [6.1.0, a]\n', 'elsewhere'],
    ['an alias points elsewhere', '- &a 6.0.0\n- &b x\n- *a\n', '- &a 6.1.0\n- &b x\n- *b\n', 'elsewhere'],
    [
      'a tag does not fit its value any more',
      'v: !!float 6.0\nw: 6.0.0\n',
      'v: !!float a\nw: 6.1.0\n',
      'elsewhere',
    ],
  ])('%s', (_, before, after, difference) => {
    expect(differenceOf(before, after)).toBe(difference);
  });
});
