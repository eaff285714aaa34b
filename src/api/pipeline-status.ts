import { z } from 'zod';
import { atomicList, conditions, mapList, message, text, timestamp, trilean } from './meta.ts';

export const maxEnvironments = 16;
/** Of one environment. */
export const maxTargets = 32;

/** The commits that a branch of ours may be at instead: one for each move in a row that got no answer. */
export const maxPreviousCommits = 8;

/** What runs or could run. `key` stands for all of it; only display uses `version`. */
const revision = z.object({
  version: text(128).describe('As people say it.'),
  digest: text(80).optional().describe('Of the content, where the source gives one.'),
  key: text(16).describe('Equal exactly when version and digest are.'),
});
export type RevisionStatus = z.infer<typeof revision>;

const targetVerdict = z.enum(['Good', 'Bad', 'Waiting', 'Held', 'Missing', 'Unreadable', 'Unknown']);

const targetStatus = z.object({
  name: text(63).describe('The target, as spec names it.'),
  verdict: targetVerdict.describe(
    'What the app object says, with what it said before kept through short waits.',
  ),
  message: message.optional().describe('What the app object says of itself.'),
  revision: revision.optional().describe('What the target runs, or what failed there.'),
  last: z
    .enum(['Good', 'Bad', 'Waiting'])
    .optional()
    .describe('The last verdict that the app object gave; it stands through a wait of the same attempt.'),
  since: timestamp.optional().describe('Since when the last verdict stands.'),
  uid: text(36).optional().describe('Of the app object that gave the last verdict.'),
  generation: z.int().min(0).optional().describe('Of the app object that gave the last verdict.'),
  attempted: text(96).optional().describe('What the app object had tried when it gave the last verdict.'),
});
export type TargetStatus = z.infer<typeof targetStatus>;

const promotionPhase = z.enum(['Proposing', 'Proposed', 'Merged', 'Promoted', 'Closed', 'Superseded']);

const promotionStatus = z.object({
  revision: revision.describe('What is promoted.'),
  phase: promotionPhase.describe(
    'Proposing: the commit is made. Proposed: its pull request is open. Merged: it is in the base branch. Promoted: the environment runs it. Closed: a person closed it. Superseded: another revision, or the environment itself, came first.',
  ),
  since: timestamp.describe('When this phase began.'),
  repository: text(256).optional().describe('Where the pull request is.'),
  branch: text(255).optional().describe('The branch that the pull request merges from.'),
  baseBranch: text(200).optional().describe('The branch that the pull request merges into.'),
  commit: text(64).optional().describe('The commit that we made; written before the branch moves to it.'),
  previousCommits: atomicList(text(64), { min: 0, max: maxPreviousCommits })
    .optional()
    .describe('Commits of ours that the branch held before, or that it may still be moved to.'),
  verified: z
    .boolean()
    .optional()
    .describe('Whether the forge says that the commit is signed by whom it names.'),
  pullRequest: z
    .object({
      number: z.int().min(1).describe('Its number in the repository.'),
      url: text(512).describe('Where people read and merge it.'),
      state: z.enum(['Open', 'Merged', 'Closed']).describe('As the forge said when last asked.'),
      conflicts: z
        .boolean()
        .optional()
        .describe(
          'Whether the base branch has changed the same lines; the commit is then made anew upon it.',
        ),
    })
    .optional()
    .describe('The pull request, once it is open.'),
});
export type PromotionStatus = z.infer<typeof promotionStatus>;

const environmentStatus = z.object({
  name: text(63).describe('The environment, as spec names it.'),
  revision: revision.optional().describe('What all targets run in good health; absent while they disagree.'),
  targets: mapList('name', targetStatus, { min: 0, max: maxTargets }).describe('What each target says.'),
  candidate: revision
    .extend({ since: timestamp.describe('Since when the source environment runs it in good health.') })
    .optional()
    .describe('What could be promoted into this environment.'),
  waiting: z
    .object({
      reason: text(64).describe('One word out of a closed list; see the reference of reasons.'),
      message: message.describe('What is awaited, and what to do next.'),
      until: timestamp.optional().describe('When it is looked at again, when that is known.'),
    })
    .optional()
    .describe('What this environment waits for, when it waits.'),
  promotion: promotionStatus.optional().describe('The newest promotion into this environment.'),
  barred: atomicList(text(16), { min: 0, max: 16 })
    .optional()
    .describe('Keys of revisions whose pull request a person closed; they are not proposed again.'),
});
export type EnvironmentStatus = z.infer<typeof environmentStatus>;

export const pipelineStatus = z.object({
  observedGeneration: z.int().min(0).optional().describe('The generation of spec that this status is about.'),
  conditions: conditions
    .optional()
    .describe('Ready sums all up; Reconciling and Stalled stand here only while they are true.'),
  summary: z
    .object({
      revisions: text(512).optional().describe('What each environment runs.'),
      waiting: text(512).optional().describe('What the first waiting environment waits for.'),
      credential: text(256).optional().describe('Whose credential is used, and when it last was.'),
    })
    .optional()
    .describe('One line each, for the columns of kubectl get.'),
  environments: atomicList(environmentStatus, { min: 0, max: maxEnvironments })
    .optional()
    .describe('What each environment runs, waits for and is being promoted to, in the order of spec.'),
  credential: z
    .object({
      name: text(253).describe('The Credential.'),
      owner: text(128).optional().describe('Who the pull requests are from.'),
      valid: trilean.describe('Whether the forge accepted it when last asked.'),
      expiryTime: timestamp.optional().describe('When it ends, where that is known.'),
      lastUsed: timestamp
        .optional()
        .describe('When this Pipeline last used it; moves at most once a minute.'),
      access: z
        .enum(['Exclusive', 'Shared', 'Exposed', 'Unknown'])
        .optional()
        .describe('Whether anybody else can reach its Secret.'),
    })
    .optional()
    .describe(
      'Whose token pull requests are made with, of the first environment that is promoted into. The conditions tell of the Credentials of all.',
    ),
});
export type PipelineStatus = z.infer<typeof pipelineStatus>;
