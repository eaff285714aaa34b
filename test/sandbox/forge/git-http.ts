import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
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

/** The smart protocol of git over http, served by git itself. Gives whether the request was one. */
export async function serveGit(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const [, owner = '', name = '', action = ''] =
    /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-(?:upload|receive)-pack)$/.exec(url.pathname) ?? [];
  if (action === '') return false;
  const asked = action === 'info/refs' ? url.searchParams.get('service') : action;
  const service = services.find((each) => each === asked);
  const found = world.repositories.find(owner, name);
  let caller: Caller;
  try {
    caller = authenticate(world, request.headers.authorization);
  } catch (error) {
    return refuse(response, isGithubError(error) ? 401 : 500);
  }
  if (service === undefined) return refuse(response, 403);
  if (!found || !canSee(caller, found.repository))
    return refuse(response, caller.kind === 'anonymous' ? 401 : 404);
  const { repository } = found;
  const wanted = service === 'git-upload-pack' ? 'read' : 'write';
  if (!covers(levelOf(caller, repository, 'contents'), wanted))
    return refuse(response, caller.kind === 'anonymous' ? 401 : 403);
  if (action === 'info/refs') await advertise(repository, service, request, response);
  else await exchange(world, repository, service, caller, request, response);
  return true;
}

function refuse(response: ServerResponse, status: number): true {
  const headers = status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {};
  response.writeHead(status, headers).end();
  return true;
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
): Promise<void> {
  response.writeHead(200, {
    'content-type': `application/x-${service}-advertisement`,
    'cache-control': 'no-cache',
  });
  const line = `# service=${service}\n`;
  response.write(`${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`);
  const child = run(repository, service, ['--advertise-refs'], request);
  child.stdin.end();
  child.stdout.pipe(response);
  await new Promise((resolve) => child.once('close', resolve));
}

async function exchange(
  world: World,
  repository: Repository,
  service: Service,
  caller: Caller,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const work = async (): Promise<void> => {
    response.writeHead(200, {
      'content-type': `application/x-${service}-result`,
      'cache-control': 'no-cache',
    });
    const child = run(repository, service, [], request);
    child.stdin.on('error', () => undefined); // git may have read enough
    const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
    body.pipe(child.stdin);
    child.stdout.pipe(response);
    await new Promise((resolve) => child.once('close', resolve));
  };
  if (service === 'git-upload-pack') return work();
  const moves = await repository.git.whileGitWrites(work);
  const actor = accountOf(caller);
  if (actor) await world.afterMoves(repository, moves, actor);
}
