import type { ScalarNode } from './parse.ts';

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The parts of a block scalar (YAML 1.2, 8.1); all offsets into the text. */
export interface Block {
  readonly header: Range;
  /** The header's characters, such as `|-`. */
  readonly indicators: string;
  /** From the first character below the header's line to the last one of its content. */
  readonly content: Range;
  /** What stands before each of its lines. */
  readonly indent: string;
}

export function isBlock({ scalar }: ScalarNode): boolean {
  return scalar.type === 'BLOCK_LITERAL' || scalar.type === 'BLOCK_FOLDED';
}

/** Whether a value has no text that could be replaced, as in `key: # …` or `key: |-` with no lines. */
export function isEmpty(node: ScalarNode): boolean {
  return node.start === node.end || (isBlock(node) && (node.scalar.source ?? '').trim() === '');
}

/** The characters that a comment on its line would follow: all of a flow scalar, the indicators of a block scalar. */
export function headOf(node: ScalarNode, text: string): Range {
  if (!isBlock(node)) return { start: node.start, end: node.end };
  let end = node.start + 1;
  while (/[-+0-9]/.test(text[end] ?? '')) end += 1;
  return { start: node.start, end };
}

/** The parts of a block scalar that is not empty. */
export function blockOf(node: ScalarNode, text: string): Block {
  const start = text.indexOf('\n', node.start) + 1;
  const lines = text.slice(start, node.end);
  const before = /^[ \t]*(?=[^ \t\r\n])/m.exec(lines)?.[0] ?? '';
  // With an indentation indicator the content may begin with spaces of its own.
  const own = /^[ \t]*(?=[^ \t\r\n])/m.exec(node.scalar.source ?? '')?.[0] ?? '';
  const indent = before.slice(0, before.length - own.length);
  let end = lines.length;
  for (;;) {
    const lineStart = lines.lastIndexOf('\n', end - 1) + 1;
    const line = lines.slice(lineStart, end).replace(/\r$/, '');
    // Blank lines that are deeper than the rest are content.
    if (line.trim() !== '' || line.length > indent.length || lineStart === 0) {
      const header = headOf(node, text);
      const content = { start, end: start + lineStart + line.length };
      return { header, indicators: text.slice(header.start, header.end), content, indent };
    }
    end = lineStart - 1;
  }
}
