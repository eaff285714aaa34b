/** `text` cut to at most `bytes` of UTF-8, on a character's edge, with `…` in place of what is gone; control characters become spaces. */
export function cutToBytes(text: string, bytes: number): string {
  // A message may quote what a tenant or a forge wrote: no line of it may pose as another one.
  const plain = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  if (Buffer.byteLength(plain) <= bytes) return plain;
  let cut = '';
  let used = Buffer.byteLength('…');
  for (const character of plain) {
    used += Buffer.byteLength(character);
    if (used > bytes) break;
    cut += character;
  }
  return `${cut}…`;
}
