import { Lexer } from 'yaml';

/** A comment as it stands in a text. */
export interface Comment {
  /** Of its `#`. */
  readonly offset: number;
  readonly text: string;
}

/** Lexemes that the lexer adds and that no character of the text stands for: document, flow end, scalar. */
const added = new Set(['\u0002', '\u0018', '\u001f']);

/** Every comment of a YAML text; what looks like one inside a string is none. */
export function commentsOf(text: string): readonly Comment[] {
  const comments: Comment[] = [];
  let offset = 0;
  let scalarNext = false;
  for (const lexeme of new Lexer().lex(text)) {
    if (added.has(lexeme)) {
      scalarNext = lexeme === '\u001f';
      continue;
    }
    if (!scalarNext && lexeme.startsWith('#')) comments.push({ offset, text: lexeme });
    scalarNext = false;
    offset += lexeme.length;
  }
  return comments;
}
