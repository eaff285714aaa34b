import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { authenticate } from './authenticate.ts';
import { type Caller, accountOf } from './caller.ts';
import { gitEnvironment } from './git/run-git.ts';
import { isGithubError } from './github-error.ts';
import { canSee, covers, levelOf } from './permissions.ts';
import type { World } from './world.ts';
import type { Repository } from './repository.ts';

const services = ['git-upload-pack', 'git-receive-pack'] as const;
type Service = (typeof services)[number];

/** What was served, for the log. */
export interface ServedGit {
  readonly route: string;
  /** Undefined: its credential was refused. */
  readonly caller: Caller | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

interface Bodies {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const nothing: Bodies = { bytesIn: 0, bytesOut: 0 };

/** The smart protocol of git over http, served by git itself. Undefined when the request is none of git's. */
export async function serveGit(
  world: World,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<ServedGit | undefined> {
  const [, owner = '', name = '', action = ''] =
    /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-(?:upload|receive)-pack)$/.exec(url.pathname) ?? [];
  if (action === '') return undefined;
  const asked = action === 'info/refs' ? url.searchParams.get('service') : action;
  const service = services.find((each) => each === asked);
  const route = `${request.method ?? 'GET'} ${action}${action === asked ? '' : ` ${asked ?? ''}`}`;
  let caller: Caller | undefined;
  try {
    caller = authenticate(world, request.headers.authorization);
  } catch (error) {
    refuse(response, isGithubError(error) ? 401 : 500);
    return { route, caller: undefined, ...nothing };
  }
  const repository = world.repositories.find(owner, name)?.repository;
  const status = service === undefined ? 403 : refusalOf(caller, repository, service);
  if (status !== undefined || service === undefined || repository === undefined) {
    refuse(response, status ?? 403);
    return { route, caller, ...nothing };
  }
  const bodies =
    action === 'info/refs'
      ? await advertise(repository, service, request, response)
      : await exchange({ world, repository, service, caller }, request, response);
  return { route, caller, ...bodies };
}

/** The status with which the caller is refused; undefined for one that may. */
function refusalOf(caller: Caller, repository: Repository | undefined, service: Service): number | undefined {
  const isAnonymous = caller.kind === 'anonymous';
  if (!repository || !canSee(caller, repository)) return isAnonymous ? 401 : 404;
  const writes = service === 'git-receive-pack';
  if (!covers(levelOf(caller, repository, 'contents'), writes ? 'write' : 'read'))
    return isAnonymous ? 401 : 403;
  return writes && repository.archived ? 403 : undefined;
}

function refuse(response: ServerResponse, status: number): void {
  const headers = status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {};
  response.writeHead(status, headers).end();
}

function run(repository: Repository, service: Service, args: readonly string[], request: IncomingMessage) {
  const protocol = request.headers['git-protocol'];
  return spawn('git', [service.slice(4), '--stateless-rpc', ...args, repository.git.gitDir], {
    env: gitEnvironment(typeof protocol === 'string' ? { GIT_PROTOCOL: protocol } : {}),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

async function advertise(
  repository: Repository,
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Bodies> {
  response.writeHead(200, {
    'content-type': `application/x-${service}-advertisement`,
    'cache-control': 'no-cache',
  });
  const line = `# service=${service}\n`;
  const start = `${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`;
  response.write(start);
  const child = run(repository, service, ['--advertise-refs'], request);
  child.stdin.end();
  const sent = countOf(child.stdout);
  child.stdout.pipe(response);
  await new Promise((resolve) => child.once('close', resolve));
  return { bytesIn: 0, bytesOut: start.length + sent.bytes };
}

async function exchange(
  {
    world,
    repository,
    service,
    caller,
  }: {
    readonly world: World;
    readonly repository: Repository;
    readonly service: Service;
    readonly caller: Caller;
  },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Bodies> {
  let bodies = nothing;
  const work = async (): Promise<void> => {
    response.writeHead(200, {
      'content-type': `application/x-${service}-result`,
      'cache-control': 'no-cache',
    });
    const child = run(repository, service, [], request);
    child.stdin.on('error', () => undefined); // git may have read enough
    const [received, sent] = [countOf(request), countOf(child.stdout)];
    const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
    body.pipe(child.stdin);
    child.stdout.pipe(response, { end: false });
    await new Promise((resolve) => child.once('close', resolve));
    bodies = { bytesIn: received.bytes, bytesOut: sent.bytes };
  };
  if (service === 'git-upload-pack') await work();
  else {
    const moves = await repository.git.whileGitWrites(work);
    const actor = accountOf(caller);
    if (actor) await world.afterMoves(repository, moves, actor);
  }
  // Whoever has pushed finds the pull requests moved too.
  response.end();
  return bodies;
}

/** Counts what passes through a stream that is piped on in the same turn. */
function countOf(stream: Readable): { readonly bytes: number } {
  const count = { bytes: 0 };
  stream.on('data', (chunk: Buffer) => (count.bytes += chunk.length));
  return count;
}
