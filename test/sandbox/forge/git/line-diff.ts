export interface LineChange {
  /** `' '` kept, `-` only before, `+` only after. */
  readonly sign: ' ' | '-' | '+';
  /** With its line end, if it has one. */
  readonly text: string;
}

export interface Patch {
  readonly additions: number;
  readonly deletions: number;
  /** The hunks of a unified diff, without the file header; `''` when nothing changed. */
  readonly text: string;
}

/** A unified diff of two texts with three lines of context, as git prints its hunks. */
export function diffTexts(before: string, after: string): Patch {
  const changes = diffLines(splitLines(before), splitLines(after));
  const additions = changes.filter((change) => change.sign === '+').length;
  const deletions = changes.filter((change) => change.sign === '-').length;
  return { additions, deletions, text: hunks(changes, 3) };
}

function splitLines(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/);
}

/** Myers' greedy algorithm on what is left between the common beginning and end. */
function diffLines(before: readonly string[], after: readonly string[]): LineChange[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end += 1;
  }
  const kept = (text: string): LineChange => ({ sign: ' ', text });
  return [
    ...before.slice(0, start).map(kept),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(kept),
  ];
}

function middle(before: readonly string[], after: readonly string[]): LineChange[] {
  const minus = before.map((text): LineChange => ({ sign: '-', text }));
  const plus = after.map((text): LineChange => ({ sign: '+', text }));
  // Beyond this size a shorter diff is not worth its quadratic search: everything is replaced.
  if (before.length === 0 || after.length === 0 || before.length + after.length > 4000) {
    return [...minus, ...plus];
  }
  const most = before.length + after.length;
  const trail: Int32Array[] = [];
  const reach = new Int32Array(2 * most + 3);
  const at = (diagonal: number): number => diagonal + most + 1;
  for (let edits = 0; edits <= most; edits += 1) {
    trail.push(reach.slice());
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down =
        diagonal === -edits ||
        (diagonal !== edits && (reach[at(diagonal - 1)] ?? 0) < (reach[at(diagonal + 1)] ?? 0));
      let x = down ? (reach[at(diagonal + 1)] ?? 0) : (reach[at(diagonal - 1)] ?? 0) + 1;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x += 1;
      reach[at(diagonal)] = x;
      if (x >= before.length && x - diagonal >= after.length) {
        return retrace({ before, after, trail, at, edits });
      }
    }
  }
  return [...minus, ...plus];
}

function retrace(found: {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly trail: readonly Int32Array[];
  readonly at: (diagonal: number) => number;
  readonly edits: number;
}): LineChange[] {
  const { before, after, trail, at } = found;
  const reversed: LineChange[] = [];
  let x = before.length;
  let y = after.length;
  for (let edits = found.edits; edits >= 0; edits -= 1) {
    const reach = trail[edits] ?? new Int32Array();
    const diagonal = x - y;
    const down =
      diagonal === -edits ||
      (diagonal !== edits && (reach[at(diagonal - 1)] ?? 0) < (reach[at(diagonal + 1)] ?? 0));
    const from = edits === 0 ? 0 : down ? diagonal + 1 : diagonal - 1;
    const fromX = edits === 0 ? 0 : (reach[at(from)] ?? 0);
    const fromY = edits === 0 ? 0 : fromX - from;
    while (x > fromX && y > fromY) {
      reversed.push({ sign: ' ', text: before[x - 1] ?? '' });
      x -= 1;
      y -= 1;
    }
    if (edits === 0) break;
    if (down) reversed.push({ sign: '+', text: after[y - 1] ?? '' });
    else reversed.push({ sign: '-', text: before[x - 1] ?? '' });
    x = fromX;
    y = fromY;
  }
  return reversed.reverse();
}

function hunks(changes: readonly LineChange[], context: number): string {
  const changed = changes.flatMap((change, index) => (change.sign === ' ' ? [] : [index]));
  const groups: { from: number; to: number }[] = [];
  for (const index of changed) {
    const last = groups.at(-1);
    const from = Math.max(0, index - context);
    const to = Math.min(changes.length, index + context + 1);
    if (last && from <= last.to) last.to = to;
    else groups.push({ from, to });
  }
  const counted = countLines(changes);
  return groups.map(({ from, to }) => hunk(changes.slice(from, to), counted[from])).join('');
}

interface LineNumbers {
  readonly before: number;
  readonly after: number;
}

/** For each change, how many lines of either text stand before it. */
function countLines(changes: readonly LineChange[]): LineNumbers[] {
  const counted: LineNumbers[] = [];
  let before = 0;
  let after = 0;
  for (const { sign } of changes) {
    counted.push({ before, after });
    if (sign !== '+') before += 1;
    if (sign !== '-') after += 1;
  }
  return counted;
}

function hunk(changes: readonly LineChange[], start: LineNumbers = { before: 0, after: 0 }): string {
  const count = (sign: '-' | '+'): number =>
    changes.filter((change) => change.sign === ' ' || change.sign === sign).length;
  const range = (first: number, length: number): string => {
    // An empty side is named by the line before it.
    const line = length === 0 ? first : first + 1;
    return length === 1 ? `${line}` : `${line},${length}`;
  };
  const head = `@@ -${range(start.before, count('-'))} +${range(start.after, count('+'))} @@\n`;
  const lines = changes.map(({ sign, text }) =>
    text.endsWith('\n') ? sign + text : `${sign}${text}\n\\ No newline at end of file\n`,
  );
  return head + lines.join('');
}
