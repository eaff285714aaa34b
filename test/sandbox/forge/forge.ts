import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../../src/base/time.ts';
import type { Account } from './accounts.ts';
import { ApiServer } from './api-server.ts';
import { ArchiveLinks, serveArchive } from './archive.ts';
import { identityOf, writeCommit } from './commits.ts';
import type { App, Installation } from './credentials.ts';
import type { ReadSettings } from './exchange.ts';
import { Faults } from './faults.ts';
import type { GitInput } from './git/run-git.ts';
import { editTree } from './git/trees.ts';
import { GraphqlService } from './graphql/service.ts';
import { entryAt } from './graphql/expression.ts';
import { Limits, type LimitSettings } from './limits.ts';
import { mergePullRequest } from './merging.ts';
import { Oracle } from './oracle.ts';
import { describeChange, type ExtraForm } from './pages.ts';
import type { Permissions } from './permission-set.ts';
import { githubCom, type Profile } from './profile.ts';
import { closePullRequest } from './pull-requests.ts';
import { RequestLog } from './request-log.ts';
import { appRoutes } from './rest/apps.ts';
import { gitRoutes } from './rest/git.ts';
import { organizationRoutes } from './rest/organizations.ts';
import { pullRoutes } from './rest/pulls.ts';
import { repositoryRoutes } from './rest/repositories.ts';
import { Router } from './router.ts';
import { serveWeb } from './web.ts';
import { World, type Push, type Urls } from './world.ts';
import type { PullRequest, Repository } from './repository.ts';

export interface ForgeOptions {
  readonly clock: Clock;
  /** Which of GitHub's products it is; github.com by default. */
  readonly profile: Profile;
  readonly limits: LimitSettings;
  readonly read: Partial<ReadSettings>;
  /** Answers are judged by GitHub's own description, and one that it could not give is a 500. Costs time. */
  readonly strict: boolean;
  readonly logEntries: number;
  readonly cacheBytes: number;
  /** Where its repositories come to lie; the system's folder for temporary files by default. */
  readonly parentFolder: string;
}

const readSettings: ReadSettings = {
  treeEntries: 100_000,
  treeBytes: 7_000_000,
  compareFiles: 300,
  archiveLinkMinutes: 5,
};

/** Serves GitHub's API, its pages with git, and its archives, each at an origin of its own on loopback. */
export async function startForge(options: Partial<ForgeOptions> = {}): Promise<Forge> {
  const folder = await mkdtemp(join(options.parentFolder ?? tmpdir(), 'lockkeeper-forge-'));
  const profile = options.profile ?? githubCom;
  const world = new World({
    clock: options.clock ?? systemClock,
    profile,
    folder,
    cacheBytes: options.cacheBytes ?? 128 * 1024 * 1024,
  });
  const log = new RequestLog(options.logEntries ?? 50_000);
  const faults = new Faults();
  const limits = new Limits({ now: () => world.now(), settings: options.limits ?? profile.limits });
  const links = new ArchiveLinks(world);
  const violations: string[] = [];
  const strict = options.strict ?? true;
  const freshToken = (): { uses: number; ms: number; status: 401 | 404 } | undefined => {
    const { freshTokens } = faults;
    return (
      freshTokens && { uses: freshTokens.uses ?? 0, ms: freshTokens.ms ?? 0, status: freshTokens.status }
    );
  };
  const api = new ApiServer({
    world,
    router: new Router([
      ...appRoutes(freshToken),
      ...gitRoutes(),
      ...organizationRoutes(),
      ...pullRoutes(),
      ...repositoryRoutes(links),
    ]),
    graphql: GraphqlService.load(),
    limits,
    faults,
    log,
    settings: { ...readSettings, ...options.read },
    oracle: strict ? Oracle.load() : undefined,
    strict,
    violations,
  });
  const forms: ExtraForm[] = [];
  const person = (): Account =>
    world.accounts.byLogin('ada') ?? world.accounts.create({ login: 'ada', type: 'User', name: 'Ada' });
  const servers = await Promise.all([
    listen((request, response) => api.handle(request, response)),
    listen((request, response) => serveWeb({ world, person, forms: () => forms, log }, request, response)),
    listen((request, response) => serveArchive({ links, log }, request, response)),
  ]);
  const [apiAt = '', web = '', codeload = ''] = servers.map(addressOf);
  world.urls = { api: `${apiAt}${profile.restPath}`, web, codeload };
  return new Forge({ world, log, faults, limits, violations, forms, person, servers, folder });
}

async function listen(
  serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    // What cannot be answered is heard of at the other end.
    void serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server that listens has one
}

interface ForgeParts {
  readonly world: World;
  readonly log: RequestLog;
  readonly faults: Faults;
  readonly limits: Limits;
  readonly violations: string[];
  readonly forms: ExtraForm[];
  readonly person: () => Account;
  readonly servers: readonly Server[];
  readonly folder: string;
}

/** A running forge, as its administrator and as a person who uses it. Repositories are named `owner/name`. */
export class Forge {
  readonly world: World;
  readonly log: RequestLog;
  readonly faults: Faults;
  readonly limits: Limits;
  /** What GitHub could not have answered. */
  readonly violations: readonly string[];
  readonly #parts: ForgeParts;

  /** Use `startForge`. */
  constructor(parts: ForgeParts) {
    this.world = parts.world;
    this.log = parts.log;
    this.faults = parts.faults;
    this.limits = parts.limits;
    this.violations = parts.violations;
    this.#parts = parts;
  }

  get urls(): Urls {
    return this.world.urls;
  }

  /** Adds a form to the first page. */
  addForm(form: ExtraForm): void {
    this.#parts.forms.push(form);
  }

  createOrganization(login: string): Account {
    const organization = this.world.accounts.create({ login, type: 'Organization' });
    const person = this.#parts.person();
    organization.admins.add(person.id);
    organization.members.add(person.id);
    return organization;
  }

  createUser(login: string): Account {
    return this.world.accounts.create({ login, type: 'User', name: login });
  }

  /** A private repository with these files in its first commit. */
  async createRepository(fullName: string, files: Readonly<Record<string, string>>): Promise<Repository> {
    const repository = this.#emptyRepository(fullName);
    await this.commitFiles(fullName, 'main', files, 'Start');
    return repository;
  }

  /** A private repository out of a `git fast-import` stream. */
  async importRepository(fullName: string, stream: GitInput): Promise<Repository> {
    const repository = this.#emptyRepository(fullName);
    await this.world.afterMoves(repository, await repository.git.fastImport(stream), this.#parts.person());
    return repository;
  }

  #emptyRepository(fullName: string): Repository {
    const [owner = '', name = ''] = fullName.split('/');
    return this.world.repositories.create({
      owner: this.world.accounts.require(owner),
      name,
      isPrivate: true,
      description: null,
      defaultBranch: 'main',
    });
  }

  /** A person's commit upon a branch; an undefined text removes the file. Gives the commit. */
  async commitFiles(
    fullName: string,
    branch: string,
    files: Readonly<Record<string, string | undefined>>,
    message: string,
  ): Promise<string> {
    const repository = this.world.repositories.require(fullName);
    const { store } = repository.git;
    const name = `refs/heads/${branch}`;
    const before = repository.git.ref(name);
    const base = before === undefined ? undefined : await store.commit(before);
    const edited = await editTree(
      store,
      base?.tree,
      Object.entries(files).map(([path, text]) =>
        text === undefined
          ? { path, mode: '100644' }
          : { path, mode: '100644', oid: store.write('blob', Buffer.from(text)) },
      ),
    );
    if (edited.kind === 'absent') throw new Error(`${edited.path} is not there`);
    const person = this.#parts.person();
    const signature = identityOf(person, new Date(Math.floor(this.world.now().getTime() / 1000) * 1000));
    const commit = writeCommit(store, this.world.signer, {
      tree: edited.tree,
      parents: before === undefined ? [] : [before],
      message,
      author: signature,
      committer: signature,
      signed: false,
    });
    const moved = await this.world.moveRefs(repository, [{ name, after: commit, force: false }], {
      actor: person,
    });
    if ('problem' in moved) throw new Error(`${name}: ${moved.problem.kind}`);
    return commit;
  }

  async deleteBranch(fullName: string, branch: string): Promise<void> {
    const repository = this.world.repositories.require(fullName);
    await this.world.moveRefs(
      repository,
      [{ name: `refs/heads/${branch}`, after: '0'.repeat(40), force: true }],
      { actor: this.#parts.person() },
    );
  }

  createApp(wanted: { readonly slug: string; readonly owner: string; readonly permissions: Permissions }): {
    readonly app: App;
    readonly privateKey: string;
  } {
    return this.world.credentials.createApp({
      slug: wanted.slug,
      name: wanted.slug,
      owner: this.world.accounts.require(wanted.owner),
      permissions: wanted.permissions,
    });
  }

  /** @param repositories full names; undefined: all of the account */
  install(app: App, account: string, repositories: readonly string[] | undefined): Installation {
    return this.world.credentials.install({
      app,
      account: this.world.accounts.require(account),
      permissions: app.permissions,
      repositories:
        repositories && new Set(repositories.map((each) => this.world.repositories.require(each).id)),
    });
  }

  createToken(login: string, scopes: readonly string[], expiresAt?: Date): string {
    return this.world.credentials.createClassicToken({
      owner: this.world.accounts.require(login),
      scopes,
      expiresAt,
    }).value;
  }

  /** @param wanted whose token it is, whose repositories it opens, and which (full names; absent: all) */
  createFineGrainedToken(wanted: {
    readonly login: string;
    readonly organization: string;
    readonly permissions: Permissions;
    readonly repositories?: readonly string[];
    readonly expiresAt?: Date;
    readonly tellsPresentMoment?: boolean;
  }): string {
    const { login, organization, permissions, repositories, expiresAt, tellsPresentMoment = false } = wanted;
    return this.world.credentials.createFineGrainedToken({
      owner: this.world.accounts.require(login),
      resourceOwner: this.world.accounts.require(organization),
      permissions,
      repositories:
        repositories && new Set(repositories.map((each) => this.world.repositories.require(each).id)),
      expiresAt,
      headerOffsetMinutes: 0,
      tellsPresentMoment,
    }).value;
  }

  suspend(installation: Installation): void {
    installation.suspendedAt = this.world.now();
    installation.suspendedBy = this.#parts.person();
  }

  unsuspend(installation: Installation): void {
    installation.suspendedAt = undefined;
    installation.suspendedBy = undefined;
  }

  /** From now on classic and OAuth tokens see nothing private of the organization before they are authorized for it. */
  requireSingleSignOn(organization: string): void {
    this.world.accounts.require(organization).singleSignOn = true;
  }

  /** As the token's owner presses Configure SSO, Authorize. */
  authorizeForSingleSignOn(value: string, organization: string): void {
    const token = this.world.credentials.token(value);
    if (token?.kind !== 'classic')
      throw new Error('only a token with scopes is authorized for single sign-on');
    token.authorizedFor.add(this.world.accounts.require(organization).id);
  }

  revokeToken(value: string): void {
    const token = this.world.credentials.token(value);
    if (token) token.revoked = true;
  }

  branch(fullName: string, branch: string): string | undefined {
    return this.world.repositories.require(fullName).git.ref(`refs/heads/${branch}`);
  }

  /** A file's text at a branch or commit; undefined when it is not there. */
  async readFile(fullName: string, rev: string, path: string): Promise<string | undefined> {
    const repository = this.world.repositories.require(fullName);
    const commit = await repository.git.store.commit(repository.git.ref(`refs/heads/${rev}`) ?? rev);
    const oid = commit && (await entryAt(repository, commit.tree, path));
    return oid === undefined ? undefined : (await repository.git.store.blob(oid))?.toString('utf8');
  }

  /**
   * Every file of a commit whose path `keep` accepts.
   *
   * @param folders nothing outside of these is looked at; `''`: the root
   */
  async readFiles(
    fullName: string,
    commit: string,
    keep: (path: string) => boolean,
    folders: readonly string[] = [''],
  ): Promise<ReadonlyMap<string, string>> {
    const repository = this.world.repositories.require(fullName);
    const { store } = repository.git;
    const files = new Map<string, string>();
    const walk = async (tree: string, prefix: string): Promise<void> => {
      for (const { name, mode, oid } of (await store.tree(tree)) ?? []) {
        const path = prefix + name;
        if (mode === '040000') await walk(oid, `${path}/`);
        else if (keep(path)) files.set(path, (await store.blob(oid))?.toString('utf8') ?? '');
      }
    };
    const data = await store.commit(commit);
    for (const folder of folders) {
      const tree = data && (await entryAt(repository, data.tree, folder));
      if (tree !== undefined) await walk(tree, folder === '' ? '' : `${folder}/`);
    }
    return files;
  }

  pullRequests(fullName: string): readonly PullRequest[] {
    return [...this.world.repositories.require(fullName).pullRequests.values()];
  }

  pullRequest(fullName: string, number: number): PullRequest {
    const found = this.world.repositories.require(fullName).pullRequests.get(number);
    if (!found) throw new Error(`there is no pull request ${fullName}#${number}`);
    return found;
  }

  async diffOf(pullRequest: PullRequest): Promise<{ readonly diff: string; readonly verified: boolean }> {
    return await describeChange(this.world, pullRequest);
  }

  /** As a person presses Merge. */
  async merge(fullName: string, number: number): Promise<string> {
    return await mergePullRequest(this.world, this.pullRequest(fullName, number), {
      by: this.#parts.person(),
      method: 'merge',
    });
  }

  close(fullName: string, number: number): void {
    closePullRequest(this.world, this.pullRequest(fullName, number));
  }

  /** Calls `listener` with the new commit after each move of a branch; gives what ends that. */
  onBranchMove(fullName: string, branch: string, listener: (commit: string) => void): () => void {
    return this.world.onPush((push: Push) => {
      if (push.repository === fullName && push.ref === `refs/heads/${branch}` && push.after !== undefined)
        listener(push.after);
    });
  }

  /** Ends everything and removes the repositories. */
  async stop(): Promise<void> {
    for (const server of this.#parts.servers) server.closeAllConnections();
    await Promise.all(this.#parts.servers.map((server) => new Promise((resolve) => server.close(resolve))));
    await this.world.stop();
    await rm(this.#parts.folder, { recursive: true, force: true });
  }
}
