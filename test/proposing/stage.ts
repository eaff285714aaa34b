import { revisionOf } from '../../src/base/revision.ts';
import { MarkerIndex } from '../../src/proposing/marker-index.ts';
import { branchOf, type Promotion } from '../../src/proposing/proposal.ts';
import type { Place } from '../../src/proposing/place.ts';
import { propose, type Hands, type MadeCommit, type Proposed } from '../../src/proposing/propose.ts';
import { tokenCredential, type Acme, type Promoter } from '../credentials/promoter.ts';
import type { PullRequest } from '../sandbox/forge/repository.ts';

export function promotionOf(version: string, rest: Partial<Promotion> = {}): Promotion {
  return {
    instance: 'blue',
    namespace: 'apps',
    pipeline: 'podinfo',
    environment: 'staging',
    source: { name: 'dev', since: '2026-11-22T08:00:00Z' },
    revision: revisionOf({ version }),
    app: 'HelmRelease podinfo',
    ...rest,
  };
}

/** The place where it broke off. */
export class Crash extends Error {}

interface Run {
  readonly promotion?: Partial<Promotion>;
  readonly place?: Partial<Place>;
  /** In place of remembering the commit. */
  readonly record?: (commit: MadeCommit, remember: () => void) => void | Promise<void>;
  /** Around each act with a write token. */
  readonly write?: (write: Hands['write']) => Hands['write'];
}

/** One environment of one Pipeline, with what its status remembers from run to run, and what a process keeps. */
export class Stage {
  readonly acme: Acme;
  readonly own: Promoter;
  readonly branch = branchOf(promotionOf(''));
  /** What a restart loses. */
  index = new MarkerIndex();
  #status: { commits: readonly string[]; key: string; open: boolean; finished: boolean; number?: number } = {
    commits: [],
    key: '',
    open: false,
    finished: false,
  };
  #credential: Promoter['credential'];

  constructor(acme: Acme, own: Promoter) {
    this.acme = acme;
    this.own = own;
    this.#credential = own.credential;
  }

  /** From now on by the token of a person, whose commits the forge does not sign. */
  useToken(login: string): void {
    const { forge } = this.acme;
    const person = forge.createUser(login);
    forge.world.accounts.require(this.own.repository.owner).admins.add(person.id);
    this.own.secrets.put('apps/acme-promoter', { token: forge.createToken(login, ['repo']) });
    this.#credential = tokenCredential(this.own.fullName);
  }

  async run(version: string, { promotion, place, record, write }: Run = {}): Promise<Proposed> {
    const { signal } = new AbortController();
    const { keyring, purpose } = this.own;
    const access = await keyring.open(this.#credential, purpose, { signal });
    const wanted = promotionOf(version, promotion);
    const { key } = wanted.revision;
    const proposed = await propose(
      wanted,
      {
        repository: `github.com/${this.own.fullName}`,
        baseBranch: 'main',
        paths: ['apps/podinfo'],
        labels: [],
        reviewers: [],
        draft: false,
        ...place,
      },
      {
        commits: this.#status.commits,
        resumes: this.#status.open && this.#status.key === key,
        moving: this.#status.open && !this.#status.finished,
        finished: this.#status.finished,
        pullRequest: this.#status.open ? this.#status.number : undefined,
      },
      {
        reader: access.reader,
        write: write?.(access.write) ?? access.write,
        index: this.index,
        login: access.login,
        signal,
      },
      async (commit) => {
        const remember = (): void => {
          const { sha, previous = [] } = commit;
          const commits = [sha, ...previous];
          this.#status = { ...this.#status, key, commits, open: true, finished: false };
        };
        if (record === undefined) remember();
        else await record(commit, remember);
      },
    );
    if (proposed.kind === 'proposed') {
      const { number } = proposed.pullRequest;
      this.#status = { ...this.#status, finished: true, number };
    }
    return proposed;
  }

  /** The same, when it must have come to a pull request. */
  async propose(version: string, run: Run = {}): Promise<Extract<Proposed, { kind: 'proposed' }>> {
    const proposed = await this.run(version, run);
    if (proposed.kind !== 'proposed') throw new Error(`not proposed: ${JSON.stringify(proposed)}`);
    return proposed;
  }

  /** As people merge it: status hears of that by a look. */
  async merge(): Promise<void> {
    for (const { number, state } of this.pullRequests())
      if (state === 'open') await this.acme.forge.merge(this.own.fullName, number);
    this.#status = { ...this.#status, open: false };
  }

  /** As if the process had ended before it knew that the pull request was complete. */
  forgetEnd(): void {
    this.#status = { ...this.#status, finished: false };
  }

  pullRequests(): readonly PullRequest[] {
    return this.acme.forge.pullRequests(this.own.fullName);
  }

  open(): readonly PullRequest[] {
    return this.pullRequests().filter(({ state }) => state === 'open');
  }

  head(): string | undefined {
    return this.acme.forge.branch(this.own.fullName, this.branch);
  }

  base(): string {
    return this.acme.forge.branch(this.own.fullName, 'main') ?? '';
  }

  /** Commits of a person upon a branch. */
  async push(files: Record<string, string | undefined>, branch = 'main'): Promise<string> {
    return await this.acme.forge.commitFiles(this.own.fullName, branch, files, 'Change it by hand');
  }

  async fileAt(rev: string, path = 'apps/podinfo/staging/release.yaml'): Promise<string> {
    return (await this.acme.forge.readFile(this.own.fullName, rev, path)) ?? '';
  }

  /** What was asked since the last time. */
  asked(): string[] {
    const asked = this.acme.asked();
    this.acme.forge.log.clear();
    return asked;
  }
}
