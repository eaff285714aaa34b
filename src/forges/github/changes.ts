import { z } from 'zod';
import type { Call, ChangedFile, Changes } from '../forge.ts';
import { oid } from './oid.ts';
import { inRoute, type Place } from './place.ts';

/** A comparison lists so many files and does not say that there are more. */
const maxFilesListed = 300;
/** It holds the patches too, which nothing leaves out. */
const maxBytes = 8 * 1024 * 1024;

const comparison = z.object({
  status: z.enum(['ahead', 'behind', 'diverged', 'identical']),
  files: z
    .array(
      z.object({
        filename: z.string(),
        status: z.enum(['added', 'removed', 'modified', 'renamed', 'copied', 'changed', 'unchanged']),
        sha: oid.nullable(),
        previous_filename: z.string().optional(),
        additions: z.int().optional(),
        deletions: z.int().optional(),
        patch: z.string().optional(),
      }),
    )
    .optional(),
});

/** See `ForgeReader.changes`. */
export async function changes(
  place: Place,
  { from, to }: { readonly from: string; readonly to: string },
  call: Call,
): Promise<Changes> {
  return await place.api.rest<Changes>(
    {
      doing: 'compare two commits',
      needs: 'contents:read',
      maxBytes,
      answer: comparison.transform(({ status, files }): Changes => {
        if (status !== 'ahead' && status !== 'identical')
          return unknown(`the branch was rewritten: ${status}`);
        if (files === undefined || files.length >= maxFilesListed) return unknown('too many files');
        return { kind: 'complete', files: files.map(changeOf) };
      }),
      tooLarge: () => unknown('the patches are too large'),
      // A commit that a forced push left behind, or one without a common ancestor.
      refused: ({ status }) => (status === 404 || status === 422 ? unknown('a commit is gone') : undefined),
    },
    // Of the commits one is enough; the files all stand on the first page.
    (rest, passed) =>
      rest.repos.compareCommitsWithBasehead({
        ...inRoute(place),
        basehead: `${from}...${to}`,
        per_page: 1,
        page: 1,
        ...passed,
      }),
    call,
  );
}

function unknown(why: string): Changes {
  return { kind: 'unknown', why };
}

type Listed = NonNullable<z.infer<typeof comparison>['files']>[number];

function changeOf(listed: Listed): ChangedFile {
  const { filename: path, status, sha, previous_filename: previousPath } = listed;
  const newLines = status === 'added' || status === 'modified' ? newLinesOf(listed) : undefined;
  return {
    path,
    ...(status === 'removed' || sha === null ? {} : { blob: sha }),
    // What was copied is still where it was.
    ...(status === 'renamed' && previousPath !== undefined ? { previousPath } : {}),
    ...(newLines === undefined ? {} : { newLines }),
  };
}

/** Large patches are left out or cut: one is whole when it has as many lines as GitHub counts. */
function newLinesOf({ patch, additions, deletions }: Listed): string | undefined {
  const lines = patch?.split('\n') ?? [];
  const added = lines.filter((line) => line.startsWith('+'));
  const removed = lines.filter((line) => line.startsWith('-'));
  if (added.length + removed.length === 0) return undefined;
  if (added.length !== additions || removed.length !== deletions) return undefined;
  return added.map((line) => line.slice(1)).join('\n');
}
