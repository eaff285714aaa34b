import type { ReadableStream } from 'node:stream/web';

/**
 * All bytes of a body, or undefined when there are more than `maxBytes`: then the rest is not read and its connection is closed.
 * A missing body is an empty one. Rejects with what the stream rejects with.
 */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Buffer | undefined> {
  if (body === null) return Buffer.alloc(0);
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (bytes > maxBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks, bytes);
}
