import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as send, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { makeCertificate } from '../certificate.ts';
import { askedBy, isWatch, type Asked } from './asked.ts';
import { Relay, type Cutting } from './relay.ts';

/**
 * What happens to a request:
 * - `refuse`: it is answered with a status, as an API server writes it, and goes no further.
 * - `reset`: its connection breaks, before the answer or after so many bytes of its body.
 * - `silence`: it goes no further and is never answered.
 * - `delay`: it is passed on only after `ms`.
 * - `query`: it is passed on with these parameters in place of its own.
 * - `cut`: its answer comes in other pieces.
 */
export type Effect =
  | { readonly kind: 'refuse'; readonly status: number; readonly retryAfterSeconds?: number }
  | { readonly kind: 'reset'; readonly afterBytes?: number }
  | { readonly kind: 'silence' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'query'; readonly query: Readonly<Record<string, string>> }
  | { readonly kind: 'cut'; readonly cut: Cutting };

export interface Plan {
  readonly on: (asked: Asked) => boolean;
  readonly effect: Effect;
  /** How many requests it meets; once unless said otherwise. */
  readonly times?: number;
}

/** A plan that is carried out. */
export interface Fault {
  /** How many requests it has met. */
  readonly hits: () => number;
  /** It meets no more. */
  readonly lift: () => void;
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
};

/** Starts a proxy before a real API server that changes nothing until it is told to. Close it. */
export async function startFaultProxy(cluster: {
  readonly server: string;
  readonly ca: string;
}): Promise<FaultProxy> {
  const certificate = makeCertificate();
  const server = createServer({ ...certificate, keepAliveTimeout: 0, requestTimeout: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new FaultProxy(server, certificate.cert, cluster);
}

/** Between a client and the real API server, over TLS on both sides and HTTP/1.1. */
export class FaultProxy {
  /** All that came, in order. */
  readonly asked: Asked[] = [];
  readonly #server: Server;
  readonly #upstream: Agent;
  readonly #target: string;
  readonly #sockets = new Map<number, Socket>();
  readonly #relays = new Set<Relay>();
  readonly #plans: { readonly plan: Plan; left: number; hits: number }[] = [];
  #ca: string;
  #isCut = false;

  /** Use `startFaultProxy`. */
  constructor(server: Server, ca: string, target: { readonly server: string; readonly ca: string }) {
    this.#server = server;
    this.#ca = ca;
    this.#target = target.server;
    this.#upstream = new Agent({ ca: target.ca, keepAlive: true });
    server.on('connection', (socket: Socket) => {
      if (this.#isCut) return void socket.destroy();
      const { remotePort = 0 } = socket;
      this.#sockets.set(remotePort, socket);
      socket.once('close', () => this.#sockets.delete(remotePort));
      // Whoever breaks off tells us so by an error; that is what we are here for.
      socket.on('error', () => undefined);
    });
    server.on('tlsClientError', () => undefined);
    server.on('request', (request, response) => void this.#exchange(request, response));
  }

  get server(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return `https://127.0.0.1:${address.port}`;
  }

  /** PEM of the authority of its certificate; another one after `changeCertificate`. */
  get ca(): string {
    return this.#ca;
  }

  /** Connections of clients that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Watches that run now. */
  get watches(): readonly Relay[] {
    return [...this.#relays].filter(({ asked }) => isWatch(asked));
  }

  /** From now on the first plan that fits a request is what happens to it. */
  plan(plan: Plan): Fault {
    const kept = { plan, left: plan.times ?? 1, hits: 0 };
    this.#plans.push(kept);
    return {
      hits: () => kept.hits,
      lift: () => {
        kept.left = 0;
      },
    };
  }

  /** The network is gone: all connections break, and new ones do too until `mend`. */
  cut(): void {
    this.#isCut = true;
    this.breakAll();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** All connections break now; new ones are taken. */
  breakAll(): void {
    for (const socket of this.#sockets.values()) socket.resetAndDestroy();
  }

  /** Connections that carry no request are closed in peace, as a server does that wants its clients elsewhere. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  /** New connections get a certificate of another authority, as after a rotation. */
  changeCertificate(): void {
    const certificate = makeCertificate();
    this.#server.setSecureContext(certificate);
    this.#ca = certificate.cert;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets.values()) socket.destroy();
    this.#upstream.destroy();
    await closed;
  }

  async #exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = askedBy(request);
    this.asked.push(asked);
    const effect = this.#effectOn(asked);
    const { remotePort = 0 } = request.socket;
    const reset = (): void => void this.#sockets.get(remotePort)?.resetAndDestroy();
    if (effect?.kind === 'refuse') return refuse(response, effect);
    if (effect?.kind === 'silence') return;
    if (effect?.kind === 'reset' && effect.afterBytes === undefined) return reset();
    if (effect?.kind === 'delay') await delay(effect.ms, undefined, { ref: false });
    const upstream = await this.#forward(request, response, effect).catch(() => undefined);
    if (upstream === undefined) return void response.destroy();
    const relay = new Relay({
      asked,
      upstream,
      response,
      reset,
      cut: effect?.kind === 'cut' ? effect.cut : (bytes) => [bytes],
      breakAfter: effect?.kind === 'reset' ? (effect.afterBytes ?? 0) : Infinity,
    });
    this.#relays.add(relay);
    await relay.run();
    this.#relays.delete(relay);
  }

  #effectOn(asked: Asked): Effect | undefined {
    const found = this.#plans.find(({ plan, left }) => left > 0 && plan.on(asked));
    if (found === undefined) return undefined;
    found.left -= 1;
    found.hits += 1;
    return found.plan.effect;
  }

  /** Sends the request on; rejects when there is no answer, and gives up with who asked. */
  #forward(
    request: IncomingMessage,
    response: ServerResponse,
    effect: Effect | undefined,
  ): Promise<IncomingMessage> {
    const url = new URL(request.url ?? '/', this.#target);
    const changed = effect?.kind === 'query' ? effect.query : {};
    for (const [name, value] of Object.entries(changed)) url.searchParams.set(name, value);
    return new Promise((resolve, reject) => {
      const { method, rawHeaders } = request;
      const ours = send(url, { agent: this.#upstream, method: method ?? 'GET', headers: rawHeaders });
      ours.once('response', resolve);
      ours.on('error', reject);
      response.once('close', () => ours.destroy());
      request.pipe(ours);
    });
  }
}

function refuse(
  response: ServerResponse,
  { status, retryAfterSeconds }: Extract<Effect, { kind: 'refuse' }>,
): void {
  const retry = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  response.writeHead(status, { 'content-type': 'application/json', ...retry });
  response.end(JSON.stringify(statusOf(status, `refused by the proxy with ${status}`)));
}

/** A Status as an API server writes it, in an answer or in a watch's ERROR event. */
export function statusOf(code: number, message: string): object {
  const reason = reasons[code] ?? 'Unknown';
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}
