import type { IncomingMessage, ServerResponse } from 'node:http';
import { tokenOf } from './authenticate.ts';
import { accountOf } from './caller.ts';
import { serveGit } from './git-http.ts';
import { servePage, type PagesParts } from './pages.ts';
import { fingerprintOf, preciseNowMs, type RequestLog } from './request-log.ts';

/** What is at github.com itself, git and the pages for people; each request is written down. */
export async function serveWeb(
  parts: PagesParts & { readonly log: RequestLog },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const startMs = preciseNowMs();
  const method = request.method ?? 'GET';
  const url = new URL(request.url?.replace(/^\/+/, '/') ?? '/', 'http://sandbox');
  const git = await serveGit(parts.world, url, request, response);
  if (!git) await servePage(parts, url, request, response);
  const { authorization } = request.headers;
  parts.log.add({
    id: '',
    origin: 'web',
    method,
    route: git?.route ?? `${method} page`,
    url: `${url.pathname}${url.search}`,
    credential: git ? (git.caller?.kind ?? 'refused') : 'anonymous',
    owner: git?.caller && accountOf(git.caller)?.login,
    tokenFingerprint: git && fingerprintOf(tokenOf(authorization)),
    status: response.statusCode,
    bytesIn: git?.bytesIn ?? Number(request.headers['content-length'] ?? 0),
    bytesOut: git?.bytesOut ?? Number(response.getHeader('content-length') ?? 0),
    startMs,
    endMs: preciseNowMs(),
    fault: undefined,
  });
}
