import type { Forge, ForgeReader } from '../../forges/forge.ts';

/** Gives `use` the reader of the moment, and its answer or failure back. */
export type Reading = <T>(use: (reader: ForgeReader) => Promise<T>) => Promise<T>;

/** Gives `use` the forge of the moment, likewise. */
export type Working = <T>(use: (forge: Forge) => Promise<T>) => Promise<T>;

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

/** The same forge, each of whose calls is one `working`. */
export function forgeThrough(forge: Forge, working: Working): Forge {
  return {
    ...readerThrough(working),
    supports: forge.supports,
    repository: forge.repository,
    createCommit: (commit, call) => working((each) => each.createCommit(commit, call)),
    moveBranch: (move, call) => working((each) => each.moveBranch(move, call)),
    deleteBranch: (branch, call) => working((each) => each.deleteBranch(branch, call)),
    openPullRequest: (wanted, call) => working((each) => each.openPullRequest(wanted, call)),
    updatePullRequest: (change, call) => working((each) => each.updatePullRequest(change, call)),
    closePullRequest: (close, call) => working((each) => each.closePullRequest(close, call)),
    decorate: (request, call) => working((each) => each.decorate(request, call)),
  };
}
