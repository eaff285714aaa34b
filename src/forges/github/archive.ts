import { codeOf, messageOf } from '../../base/error.ts';
import { withDeadline } from '../deadline.ts';
import { ForgeError, isForgeError } from '../errors.ts';
import type { Call, ForgeReader } from '../forge.ts';
import { unpack } from '../unpack.ts';
import { unreachable } from '../unreachable.ts';
import { inRoute, type Place } from './place.ts';

type Query = Parameters<ForgeReader['streamArchive']>[0];

const doing = 'fetch the archive';
/** For all of it; each wait within it is bounded by the connection. */
const deadlineMs = 10 * 60_000;
const maxRedirects = 3;

/**
 * See `ForgeReader.streamArchive`. The API answers with a signed link to another host ("Download a repository archive (tar)"), which
 * is fetched without any credential, the API's own origin included.
 */
export async function streamArchive(
  place: Place,
  query: Query,
  call: Call,
): Promise<ReadonlyMap<string, string>> {
  const link = await place.api.stream<string | undefined>(
    {
      doing,
      needs: 'contents:read',
      refused: ({ status, headers }) =>
        status >= 300 && status < 400 ? (headers.get('location') ?? undefined) : undefined,
    },
    (rest, passed) => rest.repos.downloadTarballArchive({ ...inRoute(place), ref: query.commit, ...passed }),
    async (answer) => {
      await answer.discard();
      return undefined;
    },
    call,
  );
  if (link === undefined) throw malformed(place, 'it gave no link');
  const { host, apiUrl } = place.connection.endpoint;
  const late = (): ForgeError =>
    new ForgeError(
      'Unavailable',
      `${host} did not send the archive within ${deadlineMs / 60_000} min; it is tried again`,
    );
  return await withDeadline(call, { ms: deadlineMs, late }, async (signal) => {
    try {
      return await fetchAndUnpack(place, new URL(link, apiUrl), query, signal);
    } catch (thrown) {
      if (isForgeError(thrown) || signal.aborted) throw thrown;
      throw errorOf(place, thrown);
    }
  });
}

async function fetchAndUnpack(
  place: Place,
  link: URL,
  query: Query,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  let target = link;
  for (let hops = 0; hops < maxRedirects; hops += 1) {
    if (!mayFollow(target, place)) throw malformed(place, `its link is ${target.protocol} and not https:`);
    const { status, headers, body, discard } = await place.connection.send(target.href, {
      method: 'GET',
      // As it is stored: were it unpacked on the way, its size could not be bounded here.
      headers: { 'user-agent': 'lockkeeper', 'accept-encoding': 'identity' },
      signal,
    });
    if (status === 200) return await unpack(body, query, signal);
    await discard();
    const next = headers.get('location');
    if (status < 300 || status >= 400 || next === null) {
      const { host } = place.connection.endpoint;
      throw new ForgeError(
        'Unavailable',
        `${host} gave a link to the archive that answers ${status}; it is tried again`,
        {
          status,
        },
      );
    }
    target = new URL(next, target);
  }
  throw malformed(place, 'its link leads on and on');
}

/** In the clear only where the operator let the API be so. */
function mayFollow({ protocol }: URL, { connection }: Place): boolean {
  return protocol === 'https:' || (protocol === 'http:' && connection.endpoint.apiUrl.startsWith('http:'));
}

function errorOf(place: Place, thrown: unknown): ForgeError {
  const code = codeOf(thrown);
  if (code === 'ArchiveMalformed') return malformed(place, messageOf(thrown));
  if (code === 'Z_DATA_ERROR') return malformed(place, 'it is not compressed with gzip');
  if (code === 'ERR_INVALID_URL') return malformed(place, 'its link is no address');
  return unreachable(thrown, { host: place.connection.endpoint.host, doing });
}

function malformed({ connection, repository }: Place, why: string): ForgeError {
  const { owner, name } = repository;
  return new ForgeError(
    'Malformed',
    `${connection.endpoint.host} sent an archive of ${owner}/${name} that cannot be read: ${why}`,
  );
}
