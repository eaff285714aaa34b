import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { spawn } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { tokenOf } from './authenticate.ts';
import { gitEnvironment } from './git/run-git.ts';
import { fingerprintOf, preciseNowMs, type RequestLog } from './request-log.ts';
import type { World } from './world.ts';

/** Links to archives: signed, for a few minutes, without any other credential. */
export class ArchiveLinks {
  readonly #key = randomBytes(32);
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  make({
    repository,
    commit,
    minutes,
  }: {
    readonly repository: string;
    readonly commit: string;
    readonly minutes: number;
  }): string {
    const until = this.#world.now().getTime() + minutes * 60_000;
    const path = `/${repository}/legacy.tar.gz/${commit}`;
    return `${this.#world.urls.codeload}${path}?until=${until}&signature=${this.#sign(path, until)}`;
  }

  /** What a link opens; undefined for one that is forged, expired or of nothing. */
  open(url: URL): { readonly gitDir: string; readonly name: string; readonly commit: string } | undefined {
    const until = Number(url.searchParams.get('until'));
    const given = Buffer.from(url.searchParams.get('signature') ?? '');
    const expected = Buffer.from(this.#sign(url.pathname, until));
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    if (this.#world.now().getTime() > until) return undefined;
    const [, owner = '', name = '', , commit = ''] = url.pathname.split('/');
    const found = this.#world.repositories.find(owner, name);
    return found && { gitDir: found.repository.git.gitDir, name: `${owner}-${name}`, commit };
  }

  #sign(path: string, until: number): string {
    return createHmac('sha256', this.#key).update(`${path} ${until}`).digest('hex');
  }
}

/** Answers at the origin of archives, where a link is the only credential. */
export async function serveArchive(
  { links, log }: { readonly links: ArchiveLinks; readonly log: RequestLog },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const startMs = preciseNowMs();
  const { authorization } = request.headers;
  const url = new URL(request.url?.replace(/^\/+/, '/') ?? '/', 'http://sandbox');
  const archive = links.open(url);
  let bytesOut = 0;
  // A token is nobody's business here. Storage with signed links refuses a request that brings both, and so a leak is noticed.
  if (authorization !== undefined) response.writeHead(400);
  else if (!archive) response.writeHead(404);
  else bytesOut = await sendArchive(archive, response);
  log.add({
    id: '',
    origin: 'codeload',
    method: request.method ?? 'GET',
    route: 'GET archive',
    url: url.pathname,
    credential: authorization === undefined ? 'anonymous' : 'refused',
    owner: undefined,
    tokenFingerprint: fingerprintOf(tokenOf(authorization)),
    status: response.statusCode,
    bytesIn: 0,
    bytesOut,
    startMs,
    endMs: preciseNowMs(),
    fault: undefined,
  });
  // Only now, so that who has seen the end of an answer finds it in the log.
  if (!response.destroyed) response.end();
}

/** Streams the archive that git makes, all but its end; the client sees a broken stream when git fails. Gives the bytes that were sent. */
async function sendArchive(
  { gitDir, name, commit }: { readonly gitDir: string; readonly name: string; readonly commit: string },
  response: ServerResponse,
): Promise<number> {
  const folder = `${name}-${commit.slice(0, 7)}`;
  const child = spawn('git', ['archive', '--format=tar', `--prefix=${folder}/`, commit], {
    cwd: gitDir,
    env: gitEnvironment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  response.writeHead(200, {
    'content-type': 'application/x-gzip',
    'content-disposition': `attachment; filename=${folder}.tar.gz`,
  });
  let bytes = 0;
  const zipped = createGzip({ level: 1 });
  zipped.on('data', (chunk: Buffer) => (bytes += chunk.length));
  try {
    await pipeline(child.stdout, zipped, response, { end: false });
  } catch {
    child.kill();
    response.destroy();
  }
  if ((await ended) !== 0) response.destroy();
  return bytes;
}
