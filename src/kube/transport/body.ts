import type { Dispatcher } from 'undici';
import { codeOf } from '../../base/error.ts';
import { KubeError } from '../errors.ts';

type Body = Dispatcher.ResponseData['body'];

/** Larger than any object, of which etcd takes 1.5 MiB, and than most pages of them; parsed it takes several times as much. */
const maxBodyBytes = 16 * 1024 * 1024;

/**
 * A whole body as text. Rejects with TooLarge when it is larger than 16 MiB, which are not kept; otherwise as `bytesOf`.
 * Each piece is decoded as it comes and let go, so that a page of a list is not held as bytes and as text.
 */
export async function readBounded(body: Body, what: string, signal: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of bytesOf(body, what, signal)) {
    bytes += chunk.byteLength;
    if (bytes > maxBodyBytes)
      throw new KubeError('TooLarge', `${what}: the answer is larger than ${maxBodyBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/**
 * A body as it comes. Rejects with the signal's reason once that is aborted, with Unavailable when the connection breaks: in the middle
 * that is no other thing than before.
 */
export async function* bytesOf(
  body: Body,
  what: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body as AsyncIterable<Uint8Array>; /* undici types its chunks as any */
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    throw new KubeError('Unavailable', `${what}: the answer broke off (${codeOf(thrown)})`, {
      cause: thrown,
    });
  }
}
