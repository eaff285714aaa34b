import { setTimeout as delay } from 'node:timers/promises';
import { request, type Agent } from 'undici';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { CodedError } from '../../../src/base/error.ts';
import type { Secret } from '../../../src/base/secret.ts';

const requestDeadlineMs = 30_000;
const servedDeadlineMs = 30_000;

export interface Answer<Body> {
  readonly status: number;
  /** Parsed where it is JSON, else the text. */
  readonly body: Body;
}

/** A Kubernetes object as it is read; its own fields are for the test to know. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

const documentSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
const resourceListSchema = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});
const refusalSchema = z.object({ message: z.string() });
const definitionSchema = z.object({
  spec: z.object({
    group: z.string(),
    names: z.object({ plural: z.string() }),
    versions: z.array(z.object({ name: z.string(), served: z.boolean() })),
  }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() })
    .optional(),
});

type Document = z.infer<typeof documentSchema>;
type Definition = z.infer<typeof definitionSchema>;

/** Speaks to one apiserver as one user over verified TLS. */
export class ClusterClient {
  readonly #server: string;
  readonly #token: Secret;
  readonly #agent: Agent;
  readonly #headers: Readonly<Record<string, string>>;
  /** Path of the collection per apiVersion and kind, with `*` for the namespace; found by discovery. */
  readonly #collections = new Map<string, string>();

  constructor({
    server,
    token,
    agent,
    headers = {},
  }: {
    server: string;
    token: Secret;
    agent: Agent;
    /** Sent with each request. */
    headers?: Readonly<Record<string, string>>;
  }) {
    this.#server = server;
    this.#token = token;
    this.#agent = agent;
    this.#headers = headers;
  }

  /**
   * One request, answered whatever its status; rejects only where there is no answer within 30 s.
   *
   * @param path with its query, such as `/api/v1/namespaces?limit=1`
   * @param body sent as JSON; a string is sent as it is
   */
  async api<Body = unknown>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<Answer<Body>> {
    const answer = await request(`${this.#server}${path}`, {
      method,
      dispatcher: this.#agent,
      signal: AbortSignal.timeout(requestDeadlineMs),
      headers: {
        authorization: `Bearer ${this.#token.expose()}`,
        accept: 'application/json',
        ...this.#headers,
        ...(body !== undefined && { 'content-type': contentType }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    return { status: answer.statusCode, body: (isJson ? JSON.parse(text) : text) as Body }; // the test says what it expects, and compares
  }

  /**
   * Applies each document of `text` by server-side apply, in order, taking over fields of other managers; a namespaced object
   * without a namespace goes to `default`. After a CustomResourceDefinition it waits until that is served, so that its objects
   * may follow. Repeating it changes nothing. Rejects with `ApplyFailed` and the server's own sentence at the first refusal.
   */
  async applyYaml(text: string): Promise<KubeObject[]> {
    const applied: KubeObject[] = [];
    for (const document of parseAllDocuments(text)) {
      const value: unknown = document.toJS();
      if (value === null) continue;
      applied.push(await this.#applied(documentSchema.parse(value)));
    }
    return applied;
  }

  async #applied(document: Document): Promise<KubeObject> {
    const collection = await this.#collectionOf(document);
    const path = `${collection.replace('*', document.metadata.namespace ?? 'default')}/${encodeURIComponent(document.metadata.name)}`;
    const { status, body } = await this.api<KubeObject>(
      'PATCH',
      `${path}?fieldManager=sandbox&force=true`,
      document,
      'application/apply-patch+yaml',
    );
    if (status >= 300) throw refused(document, status, body);
    if (document.kind === 'CustomResourceDefinition') await this.#served(path);
    return body;
  }

  async #collectionOf(document: Document): Promise<string> {
    const { apiVersion, kind } = document;
    const key = `${apiVersion} ${kind}`;
    const known = this.#collections.get(key);
    if (known !== undefined) return known;
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const { status, body } = await this.api('GET', root);
    if (status !== 200) throw refused(document, status, body);
    const { resources } = resourceListSchema.parse(body);
    const found = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
    if (!found)
      throw new CodedError('ApplyFailed', `${apiVersion} has no kind ${kind}: apply its definition first`);
    const collection = `${root}${found.namespaced ? '/namespaces/*' : ''}/${found.name}`;
    this.#collections.set(key, collection);
    return collection;
  }

  /** Discovery follows the condition `Established` a moment later, in a loop of its own: both are waited for. */
  async #served(path: string): Promise<void> {
    const deadline = Date.now() + servedDeadlineMs;
    while (Date.now() < deadline) {
      const { body } = await this.api('GET', path);
      const { data } = definitionSchema.safeParse(body);
      if (isEstablished(data) && (await this.#isDiscovered(data.spec))) return;
      await delay(20);
    }
    throw new CodedError('ApplyFailed', `${path} was not served within ${servedDeadlineMs / 1000} s`);
  }

  async #isDiscovered({ group, names, versions }: Definition['spec']): Promise<boolean> {
    for (const { name } of versions.filter(({ served }) => served)) {
      const { data } = resourceListSchema.safeParse((await this.api('GET', `/apis/${group}/${name}`)).body);
      if (!data?.resources.some((resource) => resource.name === names.plural)) return false;
    }
    return true;
  }
}

function isEstablished(definition: Definition | undefined): definition is Definition {
  const conditions = definition?.status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === 'Established' && status === 'True');
}

function refused({ kind, metadata }: Document, status: number, body: unknown): CodedError {
  const { data } = refusalSchema.safeParse(body);
  return new CodedError(
    'ApplyFailed',
    `${kind} ${metadata.name} was refused (${status}): ${data?.message ?? 'no reason given'}`,
  );
}
