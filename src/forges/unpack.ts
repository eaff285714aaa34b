import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { Parser } from 'tar/parse';
import type { ReadEntry } from 'tar/read-entry';
import { CodedError } from '../base/error.ts';
import type { ForgeReader } from './forge.ts';

/** Larger files are passed over. */
const maxFileBytes = 1024 * 1024;
/** Of a whole archive: a little gzip may unpack to no end. */
const bounds = { entries: 2_000_000, unpackedBytes: 4 * 1024 ** 3 };
/** Work between two turns of the event loop. */
const chunkBytes = 64 * 1024;

const regular: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);

type Wishes = Pick<Parameters<ForgeReader['streamArchive']>[0], 'wanted' | 'take'>;

/**
 * Reads a gzipped tar as it comes, with the one top folder that forges put around a repository taken off its paths. Never holds
 * more than one wanted file of at most 1 MiB. Rejects with ArchiveMalformed, or with what broke the stream; what `take` got
 * before that was right.
 */
export async function unpack(
  body: ReadableStream<Uint8Array>,
  { wanted, take }: Wishes,
  signal: AbortSignal,
  { entries: maxEntries, unpackedBytes: maxUnpackedBytes }: typeof bounds = bounds,
): Promise<void> {
  let entries = 0;
  let isComplete = false;
  const parser = new Parser({
    filter: (path, entry) => {
      entries += 1;
      if (entries > maxEntries) throw malformed(`it has more than ${maxEntries} entries`);
      const isFile = 'type' in entry && regular.has(entry.type);
      return isFile && entry.size <= maxFileBytes && wanted(withoutTop(path), entry.size);
    },
    onReadEntry: (entry) => collect(entry, take),
    onwarn: (code) => {
      throw malformed(`it is no tar archive (${code})`);
    },
  });
  parser.on('eof', () => (isComplete = true));
  let bytes = 0;
  await pipeline(
    Readable.fromWeb(body),
    createGunzip({ chunkSize: chunkBytes }),
    async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > maxUnpackedBytes) throw malformed(`it is larger than ${maxUnpackedBytes} bytes`);
        // Entries are taken while this call runs, so nothing queues up in the parser and its word on back-pressure is not needed:
        // the next chunk is asked for when this one is used up.
        parser.write(chunk);
      }
    },
    { signal },
  );
  parser.end();
  if (!isComplete) throw malformed('its end is missing');
}

function collect(entry: ReadEntry, take: Wishes['take']): void {
  const chunks: Buffer[] = [];
  entry.on('data', (chunk: Buffer) => void chunks.push(chunk));
  entry.on('end', () => take(withoutTop(entry.path), Buffer.concat(chunks)));
}

function withoutTop(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}

function malformed(why: string): CodedError {
  return new CodedError('ArchiveMalformed', why);
}
