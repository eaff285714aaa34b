import type { Forge, ForgeReader, ForgeWriter } from './forge.ts';

/** Gives `use` the reader of the moment, and its answer or failure back. */
export type Reading = <T>(use: (reader: ForgeReader) => Promise<T>) => Promise<T>;

/** The same for what writes. */
export type Writing = <T>(use: (writer: ForgeWriter) => Promise<T>) => Promise<T>;

// Both are written out for the compiler: a method that joins the contract and is not here is an error.

/** A reader each of whose calls is one `reading`. */
export function readerThrough(reading: Reading): Required<ForgeReader> {
  return {
    look: (query, call) => reading((reader) => reader.look(query, call)),
    changes: (range, call) => reading((reader) => reader.changes(range, call)),
    listFiles: (query, call) => reading((reader) => reader.listFiles(query, call)),
    readBlobs: (blobs, call) => reading((reader) => reader.readBlobs(blobs, call)),
    streamArchive: (query, call) => reading((reader) => reader.streamArchive(query, call)),
    pullRequest: (number, call) => reading((reader) => reader.pullRequest(number, call)),
  };
}

/** A writer each of whose calls is one `writing`. */
export function writerThrough(writing: Writing): Required<ForgeWriter> {
  return {
    createCommit: (commit, call) => writing((writer) => writer.createCommit(commit, call)),
    moveBranch: (move, call) => writing((writer) => writer.moveBranch(move, call)),
    deleteBranch: (branch, call) => writing((writer) => writer.deleteBranch(branch, call)),
    openPullRequest: (wanted, call) => writing((writer) => writer.openPullRequest(wanted, call)),
    updatePullRequest: (change, call) => writing((writer) => writer.updatePullRequest(change, call)),
    closePullRequest: (close, call) => writing((writer) => writer.closePullRequest(close, call)),
    decorate: (request, call) => writing((writer) => writer.decorate(request, call)),
  };
}

/** The same forge, each of whose calls is one `working`. */
export function forgeThrough(
  { supports, repository }: Forge,
  working: <T>(use: (forge: Forge) => Promise<T>) => Promise<T>,
): Forge {
  return { ...readerThrough(working), ...writerThrough(working), supports, repository };
}
