import { z } from 'zod';
import { ForgeError } from '../errors.ts';
import type { Call, ForgeReader, TreeFile } from '../forge.ts';
import { oid } from './oid.ts';
import { inRoute, type Place } from './place.ts';

/** GitHub cuts a listing at 100,000 entries or 7 MB of them; with addresses that is some four times as much. */
const maxBytes = 48 * 1024 * 1024;
/** What is larger costs less as an archive than as a listing, which has to be held whole. */
const maxBytesInOne = 4 * 1024 * 1024;
/** Beyond this the repository is no place for a Pipeline without paths. */
const maxRequests = 500;

const listing = z.object({
  truncated: z.boolean(),
  tree: z.array(
    z.object({
      path: z.string(),
      mode: z.string(),
      type: z.string(),
      sha: oid,
      size: z.int().optional(),
    }),
  ),
});

type Listing = z.infer<typeof listing>;

/** A tree still to be listed, and where it is below the one that was asked for. */
interface Part {
  readonly tree: string;
  readonly prefix: string;
}

/** See `ForgeReader.listFiles`. One request, and in parts two more for every tree whose listing is cut short. */
export async function listFiles(
  place: Place,
  { tree, keep, limit, inParts }: Parameters<ForgeReader['listFiles']>[0],
  call: Call,
): Promise<readonly TreeFile[] | undefined> {
  const files: TreeFile[] = [];
  const take = (entries: Listing['tree'], prefix: string): void => {
    for (const { path, mode, type, sha, size } of entries) {
      if (type !== 'blob' || mode === symbolicLink || !keep(prefix + path)) continue;
      if (files.length === limit) throw tooMany(place, `more than ${limit} files`);
      const file = { path: prefix + path, blob: sha, size: size ?? 0 };
      files.push(mode === executableFile ? { ...file, executable: true } : file);
    }
  };
  const parts: Part[] = [{ tree, prefix: '' }];
  let requests = 0;
  const list = async (part: Part, recursive: boolean): Promise<Listing> => {
    requests += 1;
    if (requests > maxRequests) throw tooMany(place, `more than ${maxRequests} parts to list`);
    const bytes = inParts ? maxBytes : maxBytesInOne;
    return await listOne(place, part.tree, { recursive, maxBytes: bytes }, call);
  };
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const whole = await list(part, true);
    if (!whole.truncated) {
      take(whole.tree, part.prefix);
      continue;
    }
    if (!inParts) return undefined;
    const level = await list(part, false);
    if (level.truncated)
      throw tooMany(place, `more entries than can be listed in ${part.prefix || 'its root'}`);
    take(level.tree, part.prefix);
    for (const { path, type, sha } of level.tree) {
      if (type === 'tree') parts.push({ tree: sha, prefix: `${part.prefix}${path}/` });
    }
  }
  return files;
}

// As git writes modes into trees.
const symbolicLink = '120000';
const executableFile = '100755';

async function listOne(
  place: Place,
  tree: string,
  { recursive, maxBytes: bytes }: { readonly recursive: boolean; readonly maxBytes: number },
  call: Call,
): Promise<Listing> {
  return await place.api.rest<Listing>(
    {
      doing: 'list files',
      needs: 'contents:read',
      answer: listing,
      maxBytes: bytes,
      tooLarge: () => ({ truncated: true, tree: [] }),
    },
    (rest, passed) =>
      rest.git.getTree({
        ...inRoute(place),
        tree_sha: tree,
        ...(recursive ? { recursive: '1' } : {}),
        ...passed,
      }),
    call,
  );
}

function tooMany({ connection, repository }: Place, what: string): ForgeError {
  const { host } = connection.endpoint;
  return new ForgeError(
    'Refused',
    `${host} has ${what} in ${repository.owner}/${repository.name}; name narrower paths`,
  );
}
