import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { CodedError, codeOf } from '../base/error.ts';
import { redact } from '../base/redaction.ts';
import type { Verdict } from './health.ts';
import type { Scrape } from './metrics.ts';

export interface TelemetryServerOptions {
  /** Address to listen on; '' for all. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Asked for each request, so it answers from memory. */
  readonly live: () => Verdict;
  readonly ready: () => Verdict;
  readonly metrics: () => Promise<Scrape>;
  /** Within which a request has to be there as a whole. */
  readonly requestWithinMs?: number;
  /** After which a connection on which nothing passes is ended, as of one that takes no answer. */
  readonly silentMs?: number;
}

export interface TelemetryServer {
  readonly port: number;
  /** Ends open connections too. Twice is as good as once. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly contentType?: string;
  readonly allow?: string;
}

/**
 * A scraper and a kubelet need three. Of more the oldest is ended and the newest is heard: were it the other way round, whoever holds
 * that many open would keep the kubelet out, and that would restart a process that is well.
 */
const mostConnections = 64;

/**
 * Answers GET and HEAD of /livez, /readyz, /healthz (the same as /livez) and /metrics; with `?verbose` each check by its sentence.
 * Rejects with PortTaken when another process listens there, with ListenFailed when it cannot listen for another reason.
 */
export async function startTelemetryServer(options: TelemetryServerOptions): Promise<TelemetryServer> {
  const { requestWithinMs = 5_000, silentMs = 10_000 } = options;
  const server = createServer(
    {
      // Of the headers too, which have no longer than the whole.
      requestTimeout: requestWithinMs,
      connectionsCheckingInterval: requestWithinMs,
      keepAliveTimeout: requestWithinMs,
      maxHeaderSize: 8 * 1024,
    },
    (request, response) => void respond(options, request, response),
  );
  endOldest(server);
  server.timeout = silentMs;
  await listen(server, options);
  // A connection that cannot be accepted is for its client to try again; without a listener it would end the process.
  server.on('error', () => undefined);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function endOldest(server: Server): void {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (oldest === undefined || open.size <= mostConnections) return;
    open.delete(oldest);
    oldest.destroy();
  });
}

async function listen(server: Server, { host, port }: TelemetryServerOptions): Promise<void> {
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  const refused = (thrown: unknown): void => reject(whyNotListening(thrown, `${host}:${port}`));
  server.once('error', refused);
  server.listen({ port, ...(host === '' ? {} : { host }) }, resolve);
  await listening;
  server.removeListener('error', refused);
}

function whyNotListening(thrown: unknown, address: string): CodedError {
  const code = codeOf(thrown);
  return code === 'EADDRINUSE'
    ? new CodedError(
        'PortTaken',
        `health and metrics: another process listens on ${address}; end it, or give --telemetry-address another port`,
        { cause: thrown },
      )
    : new CodedError(
        'ListenFailed',
        `health and metrics: cannot listen on ${address} (${code}); give --telemetry-address one that this host has`,
        { cause: thrown },
      );
}

async function respond(
  options: TelemetryServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await answerTo(options, request);
  const { status, text, contentType = 'text/plain; charset=utf-8', allow } = answer;
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(allow === undefined ? {} : { allow }),
    // Nothing here takes a body: it is not read, so nothing can come after it on this connection.
    ...(hasBody(request) ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

async function answerTo(options: TelemetryServerOptions, request: IncomingMessage): Promise<Answer> {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const answers = new Map<string, () => Answer | Promise<Answer>>([
    ['/livez', () => told('livez', options.live(), query)],
    ['/healthz', () => told('healthz', options.live(), query)],
    ['/readyz', () => told('readyz', options.ready(), query)],
    ['/metrics', async () => scraped(await options.metrics())],
  ]);
  const answer = answers.get(path);
  if (answer === undefined)
    return { status: 404, text: `not found; there are ${[...answers.keys()].join(', ')}\n` };
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, text: 'only GET and HEAD\n', allow: 'GET, HEAD' };
  if (hasBody(request)) return { status: 413, text: 'nothing here takes a body\n' };
  try {
    return await answer();
  } catch (thrown) {
    return { status: 500, text: `${path.slice(1)} failed (${codeOf(thrown)}); see the log\n` };
  }
}

/** Of metrics the values of labels alone: their names are ours, and a scraper would take none of them if one were changed. */
function scraped({ text, contentType }: Scrape): Answer {
  const clean = redact(text) === text ? text : text.replaceAll(/"[^"\n]*"/g, redact);
  return { status: 200, contentType, text: clean };
}

/** As Kubernetes' own health endpoints write it. */
function told(name: string, { ok, checks }: Verdict, query: string): Answer {
  const status = ok ? 200 : 503;
  const isVerbose = new URLSearchParams(query).has('verbose');
  if (ok && !isVerbose) return { status, text: 'ok' };
  const lines = checks
    .filter((each) => isVerbose || !each.ok)
    .map((each) => `${each.ok ? '[+]' : '[-]'}${each.name} ${each.ok ? 'ok' : 'failed'}: ${each.message}\n`);
  return { status, text: `${redact(lines.join(''))}${name} check ${ok ? 'passed' : 'failed'}\n` };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
