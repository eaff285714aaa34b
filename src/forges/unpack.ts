import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser } from 'tar/parse';
import type { ReadEntry } from 'tar/read-entry';
import { createHash } from 'node:crypto';
import { CodedError } from '../base/error.ts';
import type { ForgeReader } from './forge.ts';
import { objectId, TreeIds } from './tree-ids.ts';

/** Larger files are only hashed. */
const maxFileBytes = 1024 * 1024;
/** Of a whole archive: a little gzip may unpack to no end. */
const bounds = { entries: 2_000_000, unpackedBytes: 4 * 1024 ** 3 };
/** Work between two turns of the event loop. */
const chunkBytes = 64 * 1024;

const regular: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);

type Wishes = Pick<Parameters<ForgeReader['streamArchive']>[0], 'wanted' | 'take'>;

/**
 * Reads a gzipped tar as it comes, with the one top folder that forges put around a repository taken off its paths, and gives the
 * ids of its trees. Never holds more than one wanted file of at most 1 MiB. Rejects with ArchiveMalformed, or with what broke the
 * stream; what `take` got before that was right.
 */
export async function unpack(
  body: AsyncIterable<Uint8Array>,
  { wanted, take }: Wishes,
  signal: AbortSignal,
  { entries: maxEntries, unpackedBytes: maxUnpackedBytes }: typeof bounds = bounds,
): Promise<ReadonlyMap<string, string>> {
  let entries = 0;
  let isComplete = false;
  const trees = new TreeIds();
  const parser = new Parser({
    filter: (path, entry) => {
      entries += 1;
      if (entries > maxEntries) throw malformed(`it has more than ${maxEntries} entries`);
      if (!('type' in entry)) return false;
      // Where it points to is its content.
      if (entry.type === 'SymbolicLink')
        trees.add(withoutTop(path), '120000', objectId('blob', [Buffer.from(entry.linkpath ?? '')]));
      return regular.has(entry.type);
    },
    onReadEntry: (entry) => {
      const path = withoutTop(entry.path);
      const isTaken = entry.size <= maxFileBytes && wanted(path, entry.size);
      read(entry, isTaken, (blob, content) => {
        const executable = ((entry.mode ?? 0) & 0o100) !== 0;
        trees.add(path, executable ? '100755' : '100644', blob);
        if (content !== undefined) take(path, content, blob, executable);
      });
    },
    onwarn: (code) => {
      throw malformed(`it is no tar archive (${code})`);
    },
  });
  parser.on('eof', () => (isComplete = true));
  let bytes = 0;
  await pipeline(
    body,
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
  return trees.finish();
}

/** Hashes an entry as it comes, and holds its content only when that is taken. */
function read(
  entry: ReadEntry,
  isTaken: boolean,
  ended: (blob: string, content: Buffer | undefined) => void,
): void {
  const hash = createHash('sha1').update(`blob ${entry.size}\0`);
  const chunks: Buffer[] = [];
  entry.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    if (isTaken) chunks.push(chunk);
  });
  entry.on('end', () => ended(hash.digest('hex'), isTaken ? whole(chunks) : undefined));
}

/** Small files mostly come in one piece, which needs no copy. */
function whole(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}

function withoutTop(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}

function malformed(why: string): CodedError {
  return new CodedError('ArchiveMalformed', why);
}
