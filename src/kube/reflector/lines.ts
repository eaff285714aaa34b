import { KubeError } from '../errors.ts';

const maxLineBytes = 8 * 1024 * 1024;
const newline = 0x0a;

/**
 * The lines of a stream of UTF-8, wherever its pieces were cut; each byte is looked at once, however long the line. Rejects when one
 * is longer than 8 MiB.
 */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  for await (const piece of stream) {
    let from = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, from)) {
      const line = textOf([...begun, piece.subarray(from, end)]);
      begun = [];
      begunBytes = 0;
      from = end + 1;
      if (line.trim() !== '') yield line;
    }
    if (from === piece.length) continue;
    begun.push(piece.subarray(from));
    begunBytes += piece.length - from;
    if (begunBytes > maxLineBytes)
      throw new KubeError('Malformed', `a watch event is longer than ${maxLineBytes} bytes`);
  }
}

function textOf(parts: readonly Uint8Array[]): string {
  const [only] = parts;
  const bytes = only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
