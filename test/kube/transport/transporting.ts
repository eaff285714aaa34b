import type { Connection, TlsMaterial } from '../../../src/kube/transport/connection.ts';
import { Transport, type Request, type TransportOptions } from '../../../src/kube/transport/transport.ts';
import { startScriptedApi, type Answer, type Asked, type ScriptedApi } from '../scripted-api.ts';

const closing: { readonly close: () => Promise<unknown> }[] = [];

export interface Opened {
  readonly api: ScriptedApi;
  readonly transport: Transport;
}

interface Over extends TransportOptions {
  readonly serverTls?: object;
  readonly tls?: Partial<TlsMaterial>;
  /** In place of the server's own, or made from it. */
  readonly connection?: (own: Connection) => Connection;
  readonly token?: Connection['token'];
}

/** A transport to a server that gives these answers in turn, the last one again and again. Close by `closeOpened`. */
export async function openTransport(
  answers: readonly Answer[] | ((asked: Asked, count: number) => Answer),
  { serverTls, tls = {}, token, connection = (own) => own, ...options }: Over = {},
): Promise<Opened> {
  const api = await startScriptedApi(
    typeof answers === 'function'
      ? answers
      : (_, count) => answers[Math.min(count, answers.length) - 1] ?? 'lost',
    serverTls,
  );
  closing.push(api);
  const own = api.connection;
  const material = { ...own.tls({ fresh: false }), ...tls };
  const transport = new Transport(
    connection({ ...own, tls: () => material, ...(token === undefined ? {} : { token }) }),
    options,
  );
  closing.push(transport);
  return { api, transport };
}

/** Ends what was opened since the last time, transports first. */
export async function closeOpened(): Promise<void> {
  for (const each of closing.splice(0).toReversed()) await each.close();
}

export function get(over: Partial<Request> = {}): Request {
  return { method: 'GET', path: '/api/v1/namespaces/apps', signal: new AbortController().signal, ...over };
}

export function post(over: Partial<Request> = {}): Request {
  return get({ method: 'POST', body: { kind: 'Boat' }, ...over });
}

export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (thrown) {
    return thrown;
  }
  throw new Error('it did not fail');
}

export const well: Answer = { body: { ok: true } };
