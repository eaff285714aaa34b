import { KubeError } from './errors.ts';

const maxLineBytes = 8 * 1024 * 1024;

/** The lines of a stream of UTF-8, wherever its pieces were cut. Rejects when one line is longer than 8 MiB. */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of stream) {
    rest += decoder.decode(piece, { stream: true });
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (line.trim() !== '') yield line;
    }
    if (rest.length > maxLineBytes)
      throw new KubeError('Malformed', `a watch event is longer than ${maxLineBytes} bytes`);
  }
}
