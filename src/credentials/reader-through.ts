import type { ForgeReader } from '../forges/forge.ts';

/** Gives `use` the reader of the moment, and its answer or failure back. */
export type Reading = <T>(use: (reader: ForgeReader) => Promise<T>) => Promise<T>;

/** A reader each of whose calls is one `reading`. */
export function readerThrough(reading: Reading): ForgeReader {
  return {
    look: (query, call) => reading((reader) => reader.look(query, call)),
    changes: (range, call) => reading((reader) => reader.changes(range, call)),
    listFiles: (query, call) => reading((reader) => reader.listFiles(query, call)),
    readBlobs: (blobs, call) => reading((reader) => reader.readBlobs(blobs, call)),
    streamArchive: (query, call) => reading((reader) => reader.streamArchive(query, call)),
    pullRequest: (number, call) => reading((reader) => reader.pullRequest(number, call)),
  };
}
