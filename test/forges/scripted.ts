import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';

/** What a scripted server was asked. */
export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON, or undefined. */
  readonly json: unknown;
}

export interface Said {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** An object is sent as JSON. */
  readonly body?: unknown;
}

/** `lost`: the connection breaks without an answer. `never`: it stays open and nothing comes. */
export type Answer = Said | 'lost' | 'never';

export interface Scripted {
  readonly url: string;
  readonly asked: readonly Asked[];
  readonly close: () => Promise<void>;
}

/** A server that answers what it is told to; free-chosen port on loopback. Close it. */
export async function startScripted(
  answer: (asked: Asked, count: number) => Answer | Promise<Answer>,
  tls?: ServerOptions,
  connected: (socket: unknown) => void = () => {},
): Promise<Scripted> {
  const asked: Asked[] = [];
  const server = (tls === undefined ? createServer : createSecureServer.bind(undefined, tls))();
  server.on('connection', connected);
  server.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      void (async () => {
        const body = Buffer.concat(chunks).toString('utf8');
        const { method = '', url = '', headers } = request;
        const one: Asked = { method, url, headers, body, json: parse(body) };
        asked.push(one);
        const said = await answer(one, asked.length);
        if (said === 'lost') return void response.destroy();
        if (said === 'never') return;
        const isRaw = typeof said.body === 'string' || Buffer.isBuffer(said.body);
        response.writeHead(said.status ?? 200, {
          ...(said.body === undefined || isRaw ? {} : { 'content-type': 'application/json; charset=utf-8' }),
          ...said.headers,
        });
        response.end(said.body === undefined ? undefined : isRaw ? said.body : JSON.stringify(said.body));
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** `{message}` as GitHub refuses. */
export function refusal(
  status: number,
  message: string,
  more: { headers?: Record<string, string>; errors?: unknown } = {},
): Said {
  const { headers = {}, errors } = more;
  return {
    status,
    headers,
    body: {
      message,
      ...(errors === undefined ? {} : { errors }),
      documentation_url: 'https://docs.github.com',
    },
  };
}
