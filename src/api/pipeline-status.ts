import { z } from 'zod';
import { condition, message, timestamp } from './meta.ts';

/** What runs or could run. `key` stands for all of it; only display uses `version`. */
export const revision = z.object({
  version: z.string().max(128).describe('As people say it.'),
  digest: z.string().max(80).optional().describe('Of the content, where the source gives one.'),
  key: z.string().max(32).describe('Equal exactly when version and digest are.'),
});
export type RevisionStatus = z.infer<typeof revision>;

export const targetVerdict = z.enum(['Good', 'Bad', 'Waiting', 'Held', 'Missing', 'Unreadable', 'Unknown']);

const targetStatus = z.object({
  name: z.string().max(63),
  verdict: targetVerdict.describe(
    'What the app object says, with what it said before kept through short waits.',
  ),
  message: message.optional(),
  revision: revision.optional().describe('What the target runs, or what failed there.'),
  last: z
    .enum(['Good', 'Bad', 'Waiting'])
    .optional()
    .describe('The last verdict that the app object gave; it stands through a wait of the same attempt.'),
  since: timestamp.optional().describe('Since when the last verdict stands.'),
  uid: z.string().max(36).optional().describe('Of the app object that gave the last verdict.'),
  generation: z.int().min(0).optional().describe('Of the app object that gave the last verdict.'),
  attempted: z
    .string()
    .max(160)
    .optional()
    .describe('What the app object had tried when it gave the last verdict.'),
});
export type TargetStatus = z.infer<typeof targetStatus>;

export const promotionPhase = z.enum(['Proposing', 'Proposed', 'Merged', 'Promoted', 'Closed', 'Superseded']);

const promotionStatus = z.object({
  revision,
  phase: promotionPhase.describe(
    'Proposing: the commit is made. Proposed: its pull request is open. Merged: it is in the base branch. Promoted: the environment runs it. Closed: a person closed it.',
  ),
  since: timestamp.describe('When this phase began.'),
  repository: z.string().max(256).optional().describe('Where the pull request is.'),
  branch: z.string().max(255).optional(),
  commit: z
    .string()
    .max(64)
    .optional()
    .describe('The commit that we made; written before the branch moves to it.'),
  previousCommit: z
    .string()
    .max(64)
    .optional()
    .describe('The commit that the branch held before, when we made that too.'),
  verified: z
    .boolean()
    .optional()
    .describe('Whether the forge says that the commit is signed by whom it names.'),
  pullRequest: z
    .object({
      number: z.int().min(1),
      url: z.string().max(512),
      state: z.enum(['Open', 'Merged', 'Closed']),
    })
    .optional(),
});
export type PromotionStatus = z.infer<typeof promotionStatus>;

const environmentStatus = z.object({
  name: z.string().max(63),
  revision: revision.optional().describe('What all targets run in good health; absent while they disagree.'),
  targets: z
    .array(targetStatus)
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
  candidate: revision
    .extend({ since: timestamp.describe('Since when the source environment runs it in good health.') })
    .optional()
    .describe('What could be promoted into this environment.'),
  waiting: z
    .object({
      reason: z.string().max(64),
      message,
      until: timestamp.optional(),
    })
    .optional()
    .describe('What this environment waits for, when it waits.'),
  promotion: promotionStatus.optional().describe('The newest promotion into this environment.'),
  barred: z
    .array(z.string().max(32))
    .max(16)
    .optional()
    .describe('Keys of revisions whose pull request a person closed; they are not proposed again.')
    .meta({ 'x-kubernetes-list-type': 'atomic' }),
});
export type EnvironmentStatus = z.infer<typeof environmentStatus>;

export const pipelineStatus = z.object({
  observedGeneration: z.int().min(0).optional(),
  conditions: z
    .array(condition)
    .max(8)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }),
  summary: z
    .object({
      revisions: z.string().max(512).optional().describe('What each environment runs.'),
      waiting: z.string().max(512).optional().describe('What the first waiting environment waits for.'),
      credential: z.string().max(256).optional().describe('Whose credential is used, and when it last was.'),
    })
    .optional()
    .describe('Scalars for the columns of kubectl get.'),
  environments: z
    .array(environmentStatus)
    .max(16)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
  credential: z
    .object({
      name: z.string().max(253),
      owner: z.string().max(128).optional(),
      valid: z.enum(['True', 'False', 'Unknown']),
      expiryTime: timestamp.optional(),
      lastUsed: timestamp
        .optional()
        .describe('When this Pipeline last used it; moves at most once a minute.'),
    })
    .optional()
    .describe("Whose token this Pipeline's pull requests are made with."),
});
export type PipelineStatus = z.infer<typeof pipelineStatus>;
