import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Connection } from '../../src/kube/transport/connection.ts';
import { makeCertificate, type Certificate } from '../certificate.ts';

/** What the server was asked. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  /** The name in the client's certificate. */
  readonly client: string | undefined;
}

/** `lost`: the connection breaks without an answer. `never`: it stays open and nothing comes. */
export type Answer =
  | 'lost'
  | 'never'
  | Stream
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** A string goes as it is, anything else as JSON. */
      readonly body?: unknown;
    };

/** An answer that comes piece by piece, as a watch does. */
export class Stream {
  #response: ServerResponse | undefined;
  readonly #before: ((response: ServerResponse) => void)[] = [];
  readonly #status: number;

  constructor(status = 200) {
    this.#status = status;
  }

  /** An object goes as a line of JSON, a string or bytes as they are. */
  write(...pieces: readonly (string | Uint8Array | object)[]): this {
    for (const piece of pieces) {
      const isRaw = typeof piece === 'string' || piece instanceof Uint8Array;
      this.#do((response) => void response.write(isRaw ? piece : `${JSON.stringify(piece)}\n`));
    }
    return this;
  }

  /** The answer ends as it should. */
  end(): this {
    this.#do((response) => void response.end());
    return this;
  }

  /** The connection breaks. */
  lose(): this {
    this.#do((response) => {
      // What was written before still arrives.
      response.write('', () => response.destroy());
    });
    return this;
  }

  attach(response: ServerResponse): void {
    response.writeHead(this.#status, { 'content-type': 'application/json' });
    response.flushHeaders();
    this.#response = response;
    for (const each of this.#before.splice(0)) each(response);
  }

  #do(what: (response: ServerResponse) => void): void {
    if (this.#response === undefined) this.#before.push(what);
    else what(this.#response);
  }
}

export interface ScriptedApi {
  readonly connection: Connection;
  readonly asked: readonly Asked[];
  /** Connections that ever were, also those that came to nothing. */
  readonly accepted: () => number;
  /** Connections that are open now. */
  readonly open: () => number;
  /** Requests that are not over. */
  readonly pending: () => number;
  /** Shows another certificate to who connects from now on; connections that nothing runs on are closed. */
  readonly present: (certificate: Certificate) => void;
  readonly close: () => Promise<void>;
}

/** An API server over TLS that answers what it is told to. Close it. */
export async function startScriptedApi(
  answer: (asked: Asked, count: number) => Answer,
  tls: ServerOptions = {},
): Promise<ScriptedApi> {
  const { cert, key } = makeCertificate();
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  let accepted = 0;
  const pending = new Set<ServerResponse>();
  const server = createServer({ cert, key, ...tls });
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    pending.add(response);
    response.on('close', () => pending.delete(response));
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers, socket } = request;
      const { pathname, searchParams } = new URL(url, 'https://api');
      const body = Buffer.concat(chunks).toString('utf8');
      const client = socket instanceof TLSSocket ? socket.getPeerCertificate().subject?.CN : undefined;
      const one: Asked = {
        method,
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers,
        body: body === '' ? undefined : JSON.parse(body),
        client: typeof client === 'string' ? client : undefined,
      };
      asked.push(one);
      send(answer(one, asked.length), response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    connection: {
      server: `https://127.0.0.1:${address.port}`,
      tls: () => ({ ca: cert }),
      token: () => undefined,
    },
    asked,
    accepted: () => accepted,
    open: () => sockets.size,
    pending: () => pending.size,
    present: (certificate) => {
      server.setSecureContext({ ...tls, ...certificate });
      server.closeIdleConnections();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(said: Answer, response: ServerResponse): void {
  if (said === 'lost') return void response.destroy();
  if (said === 'never') return;
  if (said instanceof Stream) return said.attach(response);
  const { status = 200, headers = {}, body } = said;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
}

/** A refusal as the API server writes it. */
export function refusal(status: number, reason: string, message: string, details?: object): Answer {
  return { status, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, details } };
}
