import { clean } from '../base/secret-shapes.ts';

/** From now on no text that is written to this stream holds a secret that is known, or what looks like one, whoever writes it. */
export function redactOutput(stream: NodeJS.WritableStream): void {
  const write = stream.write.bind(stream);
  stream.write = (chunk: string | Uint8Array, ...more: unknown[]): boolean =>
    // Its overloads differ in what follows the chunk, which is passed on as it is.
    Reflect.apply(write, undefined, [typeof chunk === 'string' ? clean(chunk) : chunk, ...more]) as boolean; // as every write
}
