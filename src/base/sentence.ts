/** The longest sentence that a status takes, in bytes of UTF-8. */
const maxSentenceBytes = 256;

/** Most are: nothing of them is taken out, and all this would be half the time of a pass that changes nothing. */
const plain = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;

/**
 * Somebody else's words as one line that may be shown: control and format characters (line breaks, colours, changes of
 * direction) and credentials in URLs are taken out, and it is cut to `maxBytes` of UTF-8 between characters.
 * Doing it twice changes nothing.
 */
export function sentence(words: string, maxBytes: number = maxSentenceBytes): string {
  if (words.length <= maxBytes && plain.test(words) && !words.includes('  ') && !words.includes('://'))
    return words;
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
