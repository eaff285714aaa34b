import type { Range } from './block.ts';
import { findDifference } from './compare.ts';
import { isSameMarker, mayHoldMarkerOf, type Marker } from './marker.ts';
import { parse, type Parsed, type Problem } from './parse.ts';
import { fitsBlock, quoted } from './quote.ts';
import { marksOf, type File, type Mark, type Warning } from './scan.ts';

/** One value that was set. */
export interface Edit {
  /** From 1. */
  readonly line: number;
  readonly field: Marker['field'];
  readonly from: string;
  readonly to: string;
}

export type RefusalCode = Problem['code'] | 'MarkersConflict' | 'MarkerNotScalar' | 'EditNotExact';

export type Edited =
  | {
      readonly kind: 'changed';
      readonly text: string;
      /** In the order of the text. */
      readonly edits: readonly Edit[];
      readonly warnings: readonly Warning[];
    }
  /** Marked, and every marked value is what it should be. */
  | {
      readonly kind: 'unchanged';
      readonly fields: readonly Marker['field'][];
      readonly warnings: readonly Warning[];
    }
  /** The message is a sentence that names the next step, to be read after `path:line:`. */
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly line?: number; readonly message: string }
  /** Holds no marker of this target. */
  | { readonly kind: 'unmarked' };

/** Whose values are set. */
export type Target = Omit<Marker, 'field'>;

/** What they are set to. */
export interface Values {
  readonly version: string;
  readonly digest?: string;
}

/**
 * Sets every value that carries the target's marker, or none. All other bytes stay as they are: the result is parsed again and compared
 * before it is given. Whatever the strings hold, the values resolve to exactly them, in YAML 1.1 and 1.2. Values for digests are left alone
 * while the revision has no digest. Doing it twice changes nothing the second time.
 *
 * A marker of the target that cannot be obeyed refuses the file, so that no promotion is made by half; markers of others are no concern,
 * unless one stands on the same value.
 */
export function edit(file: File, target: Target, values: Values): Edited {
  if (!mayHoldMarkerOf(file.text, target)) return { kind: 'unmarked' };
  const parsed = parse(file.text);
  if ('problem' in parsed) return { kind: 'refused', ...parsed.problem };
  const { marks, misplaced, warnings } = marksOf(file, parsed);
  const astray = misplaced.find(({ marker }) => isFor(marker, target));
  if (astray !== undefined) return refused('MarkerNotScalar', astray.line, astray.message);
  const ours = new Map(marks.filter(({ marker }) => isFor(marker, target)).map((mark) => [mark.start, mark]));
  for (const { start, marker } of marks) {
    const mark = ours.get(start);
    if (mark === undefined || isSameMarker(mark.marker, marker)) continue;
    return refused('MarkersConflict', mark.line, 'one value carries two different markers; keep one of them');
  }
  if (ours.size === 0) return { kind: 'unmarked' };
  const changes = [...ours.values()].flatMap((mark) => changeOf(mark, values, file.text) ?? []);
  if (changes.length === 0) {
    return { kind: 'unchanged', fields: [...ours.values()].map(({ marker }) => marker.field), warnings };
  }
  changes.sort((a, b) => a.mark.start - b.mark.start);
  const text = splice(file.text, changes);
  const line = firstWrong(parsed, text, changes);
  if (line !== undefined) {
    return refused(
      'EditNotExact',
      line,
      'setting the value would change more than it; write it on one line, without a tag',
    );
  }
  const edits = changes.map(({ mark, to }) => ({
    line: mark.line,
    field: mark.marker.field,
    from: mark.value,
    to,
  }));
  return { kind: 'changed', text, edits, warnings };
}

function refused(code: RefusalCode, line: number, message: string): Edited {
  return { kind: 'refused', code, line, message };
}

function isFor(marker: Marker, target: Target): boolean {
  return isSameMarker(marker, { ...target, field: marker.field });
}

interface Splice extends Range {
  readonly with: string;
}

interface Change {
  readonly mark: Mark;
  readonly to: string;
  readonly splices: readonly Splice[];
}

function changeOf(mark: Mark, values: Values, text: string): Change | undefined {
  const to = values[mark.marker.field];
  if (to === undefined || (mark.isExact && mark.value === to)) return undefined;
  return { mark, to, splices: splicesOf(mark, to, text) };
}

function splicesOf({ start, end, style }: Mark, to: string, text: string): readonly Splice[] {
  if (typeof style === 'string') return [{ start, end, with: quoted(to, style) }];
  const { header, indicators, indent } = style;
  if (fitsBlock(to) && indent !== '') {
    // Without line breaks at its end, which belong to no revision.
    const stripped = `${indicators.replace(/[-+]/, '')}-`;
    return [
      { ...header, with: stripped },
      { start, end, with: indent + to },
    ];
  }
  const lineEnd = start - (text[start - 2] === '\r' ? 2 : 1);
  return [
    { ...header, with: quoted(to, 'double') },
    { start: lineEnd, end, with: '' },
  ];
}

function splice(text: string, changes: readonly Change[]): string {
  let edited = '';
  let at = 0;
  for (const { start, end, with: put } of changes.flatMap(({ splices }) => splices)) {
    edited += text.slice(at, start) + put;
    at = end;
  }
  return edited + text.slice(at);
}

/** Where the parser says that a value begins. */
function startOf({ start, style }: Mark): number {
  return typeof style === 'string' ? start : style.header.start;
}

/** The line of the first value that the edited text does not hold as it should; undefined when it means exactly what was wanted. */
function firstWrong(before: Parsed, edited: string, changes: readonly Change[]): number | undefined {
  const first = changes[0]?.mark.line ?? 1;
  const after = parse(edited);
  // Half a character can be written as an escape, but other readers refuse it.
  if ('problem' in after || changes.some(({ to }) => !to.isWellFormed())) return first;
  const wanted = new Map(changes.map(({ mark, to }) => [startOf(mark), to]));
  const difference = findDifference(before, after, wanted);
  if (difference === undefined) return undefined;
  return difference === 'elsewhere' ? first : before.lineOf(difference.start);
}
