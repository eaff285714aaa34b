import { createSign } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Agent, request } from 'undici';
import { z } from 'zod';

/**
 * The limit that a promotion is measured against: the same requests, sent by a script that checks nothing, keeps nothing and knows
 * beforehand what to write. Reads a setting and then orders, one JSON line each, from stdin, and carries out eight at once; tells
 * of each `{start, end}`: when it began and when the pull request was open.
 */
const setting = z.object({
  api: z.string(),
  server: z.string(),
  ca: z.string(),
  kubeToken: z.string(),
  appId: z.number(),
  privateKey: z.string(),
  repository: z.string(),
  secretPath: z.string(),
  pipelinesPath: z.string(),
});
const order = z.object({
  pipeline: z.string(),
  version: z.string(),
  /** The file with the marker. */
  path: z.string(),
  text: z.string(),
  /** Where the markers are comes from these, or is known. */
  reads: z.enum(['nothing', 'changes', 'blobs', 'archive']),
});

export type BareSetting = z.infer<typeof setting>;
export type BareOrder = z.infer<typeof order>;

const looked = z.object({
  data: z.object({
    repository: z.object({
      id: z.string(),
      base: z.object({ target: z.object({ oid: z.string(), tree: z.object({ oid: z.string() }) }) }),
    }),
  }),
});
const listed = z.object({ tree: z.array(z.object({ type: z.string(), sha: z.string() })) });
const withSha = z.object({ sha: z.string() });
const withToken = z.object({ token: z.string() });
const withId = z.object({ id: z.number() });

const lookQuery = `query($owner: String!, $name: String!) { repository(owner: $owner, name: $name, followRenames: false) {
  id base: ref(qualifiedName: "refs/heads/main") { target { oid ... on Commit { tree { oid } } } } } }`;
const moveMutation = `mutation($id: ID!, $updates: [RefUpdate!]!) {
  updateRefs(input: { repositoryId: $id, refUpdates: $updates }) { clientMutationId } }`;

function now(): number {
  return performance.timeOrigin + performance.now();
}

class Script {
  readonly #set: BareSetting;
  readonly #kube: Agent;
  readonly #forge = new Agent();
  #installation = 0;
  #readToken = '';
  #lastBase = '';
  #generation = 0;

  constructor(set: BareSetting) {
    this.#set = set;
    this.#kube = new Agent({ connect: { ca: set.ca } });
  }

  async promote({
    pipeline,
    version,
    path,
    text,
    reads,
  }: BareOrder): Promise<{ start: number; end: number }> {
    const { repository, secretPath, pipelinesPath } = this.#set;
    const [owner, name] = repository.split('/');
    const start = now();
    await this.#kubeCall('GET', secretPath);
    if (this.#installation === 0) {
      await this.#rest('GET', '/app', this.#jwt());
      this.#installation = withId.parse(
        await this.#rest('GET', `/repos/${repository}/installation`, this.#jwt()),
      ).id;
      this.#readToken = await this.#mint('read');
    }
    const look = looked.parse(
      await this.#rest('POST', '/graphql', this.#readToken, {
        query: lookQuery,
        variables: { owner, name },
      }),
    );
    const { id, base } = look.data.repository;
    const { oid, tree } = base.target;
    if (reads === 'changes') {
      const range = `${this.#lastBase}...${oid}`;
      await this.#rest('GET', `/repos/${repository}/compare/${range}?per_page=1&page=1`, this.#readToken);
    } else if (reads !== 'nothing') {
      await this.#fill(tree.oid, oid, reads);
    }
    this.#lastBase = oid;
    const token = await this.#mint('write');
    const made = withSha.parse(
      await this.#rest('POST', `/repos/${repository}/git/trees`, token, {
        base_tree: tree.oid,
        tree: [{ path, mode: '100644', type: 'blob', content: text }],
      }),
    );
    const commit = withSha.parse(
      await this.#rest('POST', `/repos/${repository}/git/commits`, token, {
        message: `Promote to ${version}`,
        tree: made.sha,
        parents: [oid],
      }),
    );
    this.#generation += 1;
    await this.#kubeCall('PATCH', `${pipelinesPath}/${pipeline}/status?fieldManager=bare&force=true`, {
      apiVersion: 'lockkeeper.dev/v1alpha1',
      kind: 'Pipeline',
      metadata: { name: pipeline },
      status: { observedGeneration: this.#generation },
    });
    const branch = `bare/${pipeline}/${version}`;
    await this.#rest('POST', '/graphql', token, {
      query: moveMutation,
      variables: {
        id,
        updates: [
          { name: `refs/heads/${branch}`, beforeOid: '0'.repeat(40), afterOid: commit.sha, force: true },
        ],
      },
    });
    await this.#rest('POST', `/repos/${repository}/pulls`, token, {
      title: `Promote to ${version}`,
      body: 'As a script would.',
      head: branch,
      base: 'main',
    });
    const end = now();
    await this.#rest('DELETE', '/installation/token', token);
    return { start, end };
  }

  /** What a first contact reads. */
  async #fill(tree: string, commit: string, how: 'blobs' | 'archive'): Promise<void> {
    const { repository } = this.#set;
    const answer = await this.#rest(
      'GET',
      `/repos/${repository}/git/trees/${tree}?recursive=1`,
      this.#readToken,
    );
    if (how === 'archive') {
      await this.#archive(`/repos/${repository}/tarball/${commit}`);
      return;
    }
    const blobs = listed.parse(answer).tree.filter(({ type }) => type === 'blob');
    for (let from = 0; from < blobs.length; from += 100) {
      const fields = blobs
        .slice(from, from + 100)
        .map(({ sha }, at) => `b${at}: object(oid: "${sha}") { ... on Blob { byteSize text } }`);
      const [owner, name] = repository.split('/');
      const query = `{ repository(owner: "${owner}", name: "${name}") { ${fields.join(' ')} } }`;
      await this.#rest('POST', '/graphql', this.#readToken, { query });
    }
  }

  async #archive(path: string): Promise<void> {
    const { headers } = await this.#send(`${this.#set.api}${path}`, 'GET', this.#readToken, undefined);
    const { body } = await request(String(headers['location']), { dispatcher: this.#forge });
    for await (const _ of body);
  }

  async #mint(level: 'read' | 'write'): Promise<string> {
    const path = `/app/installations/${this.#installation}/access_tokens`;
    const permissions = { contents: level, pull_requests: level };
    const repositories = [this.#set.repository.split('/')[1]];
    const answer = await this.#rest('POST', path, this.#jwt(), { repositories, permissions });
    return withToken.parse(answer).token;
  }

  #jwt(): string {
    const at = Math.floor(Date.now() / 1000) - 30;
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iat: at, exp: at + 300, iss: String(this.#set.appId) };
    const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
    const signature = createSign('RSA-SHA256').update(signed).sign(this.#set.privateKey, 'base64url');
    return `${signed}.${signature}`;
  }

  async #rest(method: Method, path: string, token: string, body?: object): Promise<unknown> {
    const answer = await this.#send(`${this.#set.api}${path}`, method, token, body);
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async #send(url: string, method: Method, token: string, body: object | undefined) {
    return await request(url, {
      method,
      dispatcher: this.#forge,
      headers: {
        authorization: `Bearer ${token}`,
        'user-agent': 'bare',
        accept: 'application/vnd.github+json',
        'x-github-api-version': '2022-11-28',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async #kubeCall(method: Method, path: string, body?: object): Promise<void> {
    const answer = await request(`${this.#set.server}${path}`, {
      method,
      dispatcher: this.#kube,
      headers: {
        authorization: `Bearer ${this.#set.kubeToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/apply-patch+yaml' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

const atOnce = 8;
const running = new Set<Promise<void>>();
let script: Script | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  const read: unknown = JSON.parse(line);
  if (script === undefined) {
    script = new Script(setting.parse(read));
    continue;
  }
  const promoted = script.promote(order.parse(read)).then((span) => {
    process.stdout.write(`${JSON.stringify(span)}\n`);
    running.delete(promoted);
  });
  running.add(promoted);
  if (running.size >= atOnce) await Promise.race(running);
}
