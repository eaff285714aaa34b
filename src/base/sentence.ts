/** The longest sentence that a status takes, in bytes of UTF-8. */
const maxSentenceBytes = 256;

/**
 * Somebody else's words as one line that may be shown: control and format characters (line breaks, colours, changes of
 * direction) and credentials in URLs are taken out, and it is cut to `maxBytes` of UTF-8 between characters.
 * Doing it twice changes nothing.
 */
export function sentence(words: string, maxBytes: number = maxSentenceBytes): string {
  const line = words
    .toWellFormed()
    .replaceAll(/\p{Cf}+/gu, '')
    .replaceAll(/[\p{Cc}\p{Z}]+/gu, ' ')
    .replaceAll(/:\/\/[^\s/@]+@/g, '://[redacted]@')
    .trim();
  return cut(line, maxBytes);
}

function cut(line: string, maxBytes: number): string {
  if (Buffer.byteLength(line) <= maxBytes) return line;
  const mark = '…';
  let bytes = Buffer.byteLength(mark);
  let kept = '';
  for (const character of line) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept + mark;
}
