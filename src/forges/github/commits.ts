import { z } from 'zod';
import type { Call, Commit, NewCommit } from '../forge.ts';
import { oid } from './oid.ts';
import { inRoute, type Place } from './place.ts';

const doing = 'make a commit';
const needs = 'contents:write';

/** Larger trees have been seen to time out: the files go in several, each on top of the one before. */
const maxTreeBytes = 1024 * 1024;

const commit = z.object({ sha: oid, verification: z.object({ verified: z.boolean(), reason: z.string() }) });

/**
 * See `ForgeWriter.createCommit`. Two requests up to 1 MiB of files. Nobody is named as author: only then does GitHub sign what an
 * App commits ("About commit signature verification").
 */
export async function createCommit(place: Place, wanted: NewCommit, call: Call): Promise<Commit> {
  const { api } = place;
  let tree = wanted.baseTree;
  for (const files of portions(wanted.files)) tree = await createTree(place, tree, files, call);
  const made = await api.rest(
    { doing, needs, answer: commit },
    (rest, passed) =>
      rest.git.createCommit({
        ...inRoute(place),
        message: wanted.message,
        tree,
        parents: [wanted.parent],
        ...passed,
      }),
    call,
  );
  return { sha: made.sha, verified: made.verification.verified, reason: made.verification.reason };
}

async function createTree(
  place: Place,
  baseTree: string,
  files: NewCommit['files'],
  call: Call,
): Promise<string> {
  const entries = files.map(({ path, text, executable }) => ({
    path,
    mode: executable === true ? ('100755' as const) : ('100644' as const),
    type: 'blob' as const,
    content: text,
  }));
  const made = await place.api.rest(
    { doing, needs, answer: z.object({ sha: oid }) },
    (rest, passed) =>
      rest.git.createTree({ ...inRoute(place), base_tree: baseTree, tree: entries, ...passed }),
    call,
  );
  return made.sha;
}

/** The files in runs of at most `maxTreeBytes`, or of one that is larger by itself. */
function portions(files: NewCommit['files']): NewCommit['files'][] {
  const runs: NewCommit['files'][number][][] = [];
  let bytes = Infinity;
  for (const file of files) {
    const size = Buffer.byteLength(file.text);
    if (bytes + size > maxTreeBytes) {
      runs.push([]);
      bytes = 0;
    }
    runs.at(-1)?.push(file);
    bytes += size;
  }
  return runs;
}
