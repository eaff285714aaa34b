import type { Credential } from '../api/credential.ts';
import type { Pipeline, PullRequestStrategy } from '../api/pipeline.ts';
import type { Access, Keyring } from '../credentials/keyring.ts';
import { CredentialProblem, problemOf } from '../credentials/problem.ts';
import { codeOf } from '../base/error.ts';
import { redactOurs } from '../base/redaction.ts';
import { toTimestamp } from '../base/time.ts';
import { isForgeError } from '../forges/errors.ts';
import type { PullRequest } from '../forges/forge.ts';
import { parseRepositoryUrl } from '../forges/index.ts';
import { isKubeError } from '../kube/errors.ts';
import type { MarkerIndex } from '../proposing/marker-index.ts';
import { propose, type Recorded } from '../proposing/propose.ts';
import type { Decision, Outcome } from './decision.ts';
import { agreedRevision, goesInto, type EnvironmentSeen } from './observation.ts';

/** What acting takes. */
export interface Tools {
  readonly keyring: Keyring;
  readonly index: MarkerIndex;
  readonly instance: string;
  readonly credential: (namespace: string, name: string) => Credential | undefined;
  /** Told of a failure that nobody foresaw. */
  readonly onUnexpected: (environment: string, error: unknown) => void;
}

export interface Act {
  readonly pipeline: Pipeline;
  readonly source: EnvironmentSeen | undefined;
  readonly target: EnvironmentSeen;
  readonly decision: Decision;
  /** Writes an outcome into status and resolves when the API server has it. */
  readonly record: (outcome: Outcome) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * The only interpreter of decisions. Carrying one out twice ends where carrying it out once does. What fails comes back as a
 * problem, a fault of our own too: it must not hide what came of the other environments. Only what concerns the whole pass is
 * thrown: the API server's refusals, a record that was not made, the word to stop, and that another replica leads now.
 */
export async function act(tools: Tools, request: Act): Promise<Outcome> {
  const { pipeline, target, signal } = request;
  let unrecorded: unknown;
  const record = async (outcome: Outcome): Promise<void> => {
    try {
      await request.record(outcome);
    } catch (thrown) {
      unrecorded = thrown;
      throw thrown;
    }
  };
  try {
    return await carryOut(tools, { ...request, record });
  } catch (thrown) {
    const isOfPass =
      signal.aborted || thrown === unrecorded || isKubeError(thrown) || codeOf(thrown) === 'LeadershipLost';
    if (isOfPass) throw thrown;
    const problem = problemOf(thrown);
    if (problem !== undefined) return { kind: 'problem', ...problem };
    const { namespace, name } = pipeline.metadata;
    tools.onUnexpected(`${namespace}/${name} ${target.name}`, thrown);
    // Its own words may quote what they should not.
    const message = `an unexpected failure (${codeOf(thrown)}); read the controller's log, and report it`;
    return { kind: 'problem', reason: 'Unexpected', message };
  }
}

async function carryOut(tools: Tools, request: Act): Promise<Outcome> {
  const { decision, signal } = request;
  switch (decision.kind) {
    case 'rest':
    case 'hold':
    case 'conclude':
    case 'bar':
      return { kind: 'nothing' };
    case 'look': {
      const { access } = await open(tools, request, decision.strategy);
      const found = await findOurs(access, request, decision);
      if (found === undefined) return { kind: 'lost' };
      const { state, conflicts } = found;
      return { kind: 'looked', state, ...(conflicts === undefined ? {} : { conflicts }) };
    }
    case 'withdraw': {
      const { access } = await open(tools, request, decision.strategy);
      const found = await findOurs(access, request, decision);
      if (found === undefined) return { kind: 'lost' };
      // Merged is the usual case: no token that may write is minted for it.
      if (found.state !== 'Open') return { kind: 'withdrawn', state: found.state };
      const close = redactOurs({ number: decision.number, comment: decision.comment }, 'pull request');
      const { state } = await access.write((forge) => forge.closePullRequest(close, { signal }), {
        writes: ['closePullRequest'],
      });
      return { kind: 'withdrawn', state: state === 'Merged' ? 'Merged' : 'Closed' };
    }
    case 'propose':
      return await makeProposal(tools, request, decision);
    default:
      return decision satisfies never;
  }
}

/** The pull request of this number, if it is the one that we opened. Rejects when the repository itself cannot be read. */
async function findOurs(
  { reader }: Access,
  { target, signal }: Act,
  { number, strategy }: { readonly number: number; readonly strategy: PullRequestStrategy },
): Promise<PullRequest | undefined> {
  const branch = target.previous?.promotion?.branch;
  try {
    const found = await reader.pullRequest(number, { signal });
    return branch === undefined || found.headBranch === branch ? found : undefined;
  } catch (thrown) {
    if (!isForgeError(thrown) || thrown.code !== 'NotFound') throw thrown;
    // Forges answer the same for a repository that is not there, or not for us: this look tells.
    const { baseBranch } = strategy;
    await reader.look({ baseBranch, headBranch: branch ?? baseBranch, paths: [] }, { signal });
    return undefined;
  }
}

async function open(
  { keyring, credential }: Tools,
  { pipeline, target, signal }: Act,
  strategy: PullRequestStrategy,
): Promise<{ readonly access: Access; readonly repository: string }> {
  const { namespace, name } = pipeline.metadata;
  const named = credential(namespace, strategy.credentialRef.name);
  if (named === undefined) {
    throw new CredentialProblem(
      'CredentialNotFound',
      `Credential ${namespace}/${strategy.credentialRef.name} does not exist; create it or correct credentialRef`,
    );
  }
  const { host, repository } = parseRepositoryUrl(strategy.url);
  const isProtected =
    pipeline.spec.environments.find((each) => each.name === target.name)?.protected ?? false;
  const access = await keyring.open(
    named,
    { pipeline: `${namespace}/${name}`, environment: target.name, host, repository, isProtected },
    { signal },
  );
  return { access, repository: `${host}/${repository.owner}/${repository.name}` };
}

async function makeProposal(
  tools: Tools,
  request: Act,
  { candidate, strategy }: Extract<Decision, { kind: 'propose' }>,
): Promise<Outcome> {
  const { pipeline, source, target, record, signal } = request;
  const { access, repository } = await open(tools, request, strategy);
  const made = (commit: {
    branch: string;
    sha: string;
    previous?: readonly string[];
    verified: boolean;
  }) => ({
    repository,
    baseBranch: strategy.baseBranch,
    ...commit,
  });
  const since = source === undefined ? undefined : agreedRevision(source)?.since;
  const running = agreedRevision(target)?.revision;
  const proposed = await propose(
    {
      instance: tools.instance,
      namespace: pipeline.metadata.namespace,
      pipeline: pipeline.metadata.name,
      environment: target.name,
      source: { name: source?.name ?? '', since: since === undefined ? '' : toTimestamp(since) },
      revision: candidate,
      ...(running === undefined ? {} : { running }),
      app: `${pipeline.spec.appRef.kind} ${pipeline.spec.appRef.name}`,
    },
    {
      repository,
      baseBranch: strategy.baseBranch,
      paths: strategy.paths ?? [],
      labels: strategy.labels ?? [],
      reviewers: strategy.reviewers ?? [],
      draft: strategy.draft ?? false,
    },
    recordedOf(target, candidate.key, strategy.baseBranch),
    { reader: access.reader, write: access.write, index: tools.index, login: access.login, signal },
    (commit) => record({ kind: 'committed', revision: candidate, commit: made(commit) }),
  );
  switch (proposed.kind) {
    case 'proposed': {
      const { number, url } = proposed.pullRequest;
      return {
        kind: 'proposed',
        revision: candidate,
        commit: made(proposed.commit),
        pullRequest: { number, url },
      };
    }
    case 'refused':
      return { kind: 'problem', reason: proposed.reason, message: proposed.message };
    case 'overtaken':
      return {
        kind: 'problem',
        reason: 'Promoting',
        message: 'the promotion branch moved while we looked; looking again',
      };
    default:
      return proposed satisfies never;
  }
}

/** What status holds of our commits on the environment's branch. */
function recordedOf({ previous }: EnvironmentSeen, key: string, baseBranch: string): Recorded {
  const promotion = previous?.promotion;
  const commits = [promotion?.commit, ...(promotion?.previousCommits ?? [])].filter(
    (sha) => sha !== undefined,
  );
  const undecided = promotion?.phase === 'Proposing' || promotion?.phase === 'Proposed';
  return {
    commits,
    resumes: undecided && promotion.revision.key === key && goesInto(promotion, baseBranch),
    moving: promotion?.phase === 'Proposing',
    finished: promotion?.phase === 'Proposed',
    pullRequest: promotion?.pullRequest?.state === 'Open' ? promotion.pullRequest.number : undefined,
    conflicts: promotion?.pullRequest?.conflicts ?? false,
  };
}
