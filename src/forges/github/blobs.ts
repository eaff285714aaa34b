import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ForgeError } from '../errors.ts';
import type { Call } from '../forge.ts';
import { readBody } from '../read-body.ts';
import { inRoute, type Place } from './place.ts';
import type { Refusal } from './refusal.ts';

const needs = 'contents:read';

/** GitHub gives up on a query after ten seconds, and no more than this is answered well. */
const maxBlobsAtOnce = 100;
const maxBatchBytes = 8 * 1024 * 1024;
const maxBlobBytes = 1024 * 1024;

const blob = z
  .object({
    byteSize: z.int(),
    isBinary: z.boolean().nullable(),
    isTruncated: z.boolean(),
    text: z.string().nullable(),
  })
  .nullable();

const answer = z.object({ repository: z.record(z.string(), blob) });

type Batch = ReadonlyMap<string, z.infer<typeof blob>>;

/** See `ForgeReader.readBlobs`. One request for 100 of them; one that GraphQL cannot give whole takes one of its own. */
export async function readBlobs(
  place: Place,
  blobs: readonly string[],
  call: Call,
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const unique = [...new Set(blobs)];
  const batches: string[][] = [];
  for (let from = 0; from < unique.length; from += maxBlobsAtOnce) {
    batches.push(unique.slice(from, from + maxBlobsAtOnce));
  }
  for (let ids = batches.shift(); ids !== undefined; ids = batches.shift()) {
    const batch = await readBatch(place, ids, call);
    if (batch === 'too much') {
      const half = Math.ceil(ids.length / 2);
      batches.unshift(ids.slice(0, half), ids.slice(half));
      continue;
    }
    for (const [id, found] of batch) {
      const text = await textOf(place, id, found, call);
      if (text !== undefined) texts.set(id, text);
    }
  }
  return texts;
}

/** `too much` when fewer may be answered: the answer was too large, or GitHub ran out of its time for it. */
async function readBatch(place: Place, ids: readonly string[], call: Call): Promise<Batch | 'too much'> {
  const { owner, name } = place.repository;
  const fields = ids.map(
    (_, index) => `b${index}: object(oid: $b${index}) { ... on Blob { byteSize isBinary isTruncated text } }`,
  );
  const declared = ids.map((_, index) => `, $b${index}: GitObjectID!`).join('');
  const splits = ids.length > 1;
  return await place.api.graphql<Batch | 'too much'>(
    {
      doing: 'read files',
      needs,
      answer: answer.transform(
        ({ repository }): Batch => new Map(ids.map((id, index) => [id, repository[`b${index}`] ?? null])),
      ),
      maxBytes: splits ? maxBatchBytes : 2 * maxBatchBytes,
      ...(splits ? { tooLarge: () => 'too much' as const } : {}),
      refused: (refusal) => (splits && ranOutOfTime(refusal) ? 'too much' : undefined),
    },
    {
      query: `query Blobs($owner: String!, $name: String!${declared}) { repository(owner: $owner, name: $name, followRenames: false) { ${fields.join(' ')} } }`,
      variables: { owner, name, ...Object.fromEntries(ids.map((id, index) => [`b${index}`, id])) },
    },
    call,
  );
}

function ranOutOfTime({ status, words }: Refusal): boolean {
  return status === 502 || status === 504 || (status === 200 && /time(d )?out/i.test(words));
}

async function textOf(
  place: Place,
  id: string,
  found: z.infer<typeof blob>,
  call: Call,
): Promise<string | undefined> {
  if (found === null) throw missing(place, id);
  if (found.isBinary === true || found.byteSize > maxBlobBytes) return undefined;
  const { text } = found;
  // GitHub shows text in UTF-8 whatever it is stored as: only the hash says that nothing was made of it.
  if (text !== null && !found.isTruncated && blobId(Buffer.from(text)) === id) return text;
  return await readRaw(place, id, call);
}

async function readRaw(place: Place, id: string, call: Call): Promise<string | undefined> {
  const content = await place.api.stream(
    { doing: 'read a file', needs, refused: ({ status }) => (status === 404 ? null : undefined) },
    (rest, passed) =>
      rest.git.getBlob({ ...inRoute(place), file_sha: id, mediaType: { format: 'raw' }, ...passed }),
    ({ body }) => readBody(body, maxBlobBytes),
    call,
  );
  if (content === null) throw missing(place, id);
  if (content === undefined) return undefined;
  if (blobId(content) !== id) {
    throw new ForgeError(
      'Malformed',
      `${place.connection.endpoint.host} gave another content for blob ${id}`,
    );
  }
  return isUtf8(content) && !content.includes(0) ? content.toString('utf8') : undefined;
}

/** The id that git gives a blob: SHA-1 over its header and content. */
function blobId(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

/** Its tree names it, so it is there: what does not know it yet will. */
function missing({ connection, repository }: Place, id: string): ForgeError {
  return new ForgeError(
    'Unavailable',
    `${connection.endpoint.host} does not show blob ${id} of ${repository.owner}/${repository.name}; it is tried again`,
  );
}
