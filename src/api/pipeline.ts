import { z } from 'zod';
import {
  atomicList,
  dnsLabel,
  exactlyOneOf,
  mapList,
  matches,
  objectMeta,
  objectName,
  withRules,
} from './meta.ts';
import { maxEnvironments, maxTargets, pipelineStatus } from './pipeline-status.ts';

const appRef = z
  .object({
    apiVersion: z
      .string()
      .min(1)
      .max(128)
      .describe('Group and version of the app object; matched by group, whatever the version.'),
    kind: z.string().min(1).max(63).describe('Kind of the app object: HelmRelease.'),
    name: objectName.describe('Its name in every target, unless the target says otherwise.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });

const target = z.object({
  name: dnsLabel.default('default').describe('Tells the targets of one environment apart.'),
  namespace: dnsLabel.describe(
    "Where the app object lives. Another namespace than the Pipeline's must allow it by the annotation lockkeeper.dev/allow-pipelines-from.",
  ),
  appName: objectName.optional().describe('The name of the app object here, when it is not that of appRef.'),
});

/** `https://host/owner/name`; an owner may hold groups. */
const repositoryUrl = withRules(z.string().max(256), [
  matches(
    /^https:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(\/[A-Za-z0-9_][A-Za-z0-9._-]*){2,6}$/,
    'must be https://host/owner/name, with the host in lower case',
  ),
  {
    rule: "!self.endsWith('.git')",
    message: "must be written without '.git' at its end",
    holds: (url) => !url.endsWith('.git'),
  },
]);

const pathInRepository = withRules(z.string().max(256), [
  matches(
    /^[A-Za-z0-9_.@+-][A-Za-z0-9_.@+ -]*(\/[A-Za-z0-9_.@+-][A-Za-z0-9_.@+ -]*)*$/,
    'must be a path from the root of the repository, without a slash at either end, of letters, digits, spaces and _ . @ + -',
  ),
  {
    rule: "self.split('/').all(part, !(part in ['.', '..', '.git']))",
    message: "may not leave the repository: no part may be '.', '..' or '.git'",
    holds: (path) => path.split('/').every((part) => !['.', '..', '.git'].includes(part)),
  },
]);

const branchName = withRules(z.string().max(200), [
  matches(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/,
    'must be the name of a branch, of letters, digits and _ . - /',
  ),
  {
    rule: "!self.contains('..') && self.split('/').all(part, !part.endsWith('.') && !part.endsWith('.lock'))",
    message: "git has no branch of this name: no '..', and no part may end with '.' or '.lock'",
    holds: (name) =>
      !name.includes('..') && name.split('/').every((part) => !part.endsWith('.') && !part.endsWith('.lock')),
  },
]);

const pullRequest = z.object({
  url: repositoryUrl.describe('The repository, as https://host/owner/name.'),
  baseBranch: branchName.default('main').describe('The branch that the pull request merges into.'),
  paths: atomicList(pathInRepository, { min: 1, max: 16 })
    .optional()
    .describe(
      'Directories or files where markers count; the whole repository when absent. Narrower is faster and safer.',
    ),
  credentialRef: z
    .object({ name: objectName.describe('Its name.') })
    .describe("The Credential, in this Pipeline's namespace, whose key opens the pull request.")
    .meta({ 'x-kubernetes-map-type': 'atomic' }),
  labels: atomicList(z.string().min(1).max(50), { min: 0, max: 10 })
    .optional()
    .describe('Labels that the pull request gets.'),
  reviewers: atomicList(z.string().min(1).max(64), { min: 0, max: 15 })
    .optional()
    .describe('Who is asked to review the pull request: user names, and teams as organization/team.'),
  draft: z.boolean().optional().describe('Whether the pull request is opened as a draft.'),
});

const strategy = withRules(
  z.object({ pullRequest: pullRequest.optional().describe('Promote by a pull request.') }),
  [exactlyOneOf('pullRequest')],
).describe('How a promotion is carried out: exactly one member.');

const promotionPolicy = z.object({
  suspend: z.boolean().optional().describe('Nothing is proposed while this is true.'),
  strategy: strategy.optional(),
});

const environment = z.object({
  name: dnsLabel.describe('Its name, as markers and branches say it.'),
  targets: mapList('name', target, { min: 1, max: maxTargets }).describe(
    'Where the environment runs; all must agree before anything moves on.',
  ),
  protected: z
    .boolean()
    .optional()
    .describe(
      "Promotions into it go first where the forge's limits make Pipelines of one namespace wait for each other.",
    ),
  promotion: promotionPolicy
    .optional()
    .describe(
      "How promotions into this environment are made. A strategy here replaces spec.promotion's whole; suspend holds when either says so.",
    ),
});

const pipelineSpec = withRules(
  z.object({
    appRef: appRef.describe('The object that delivers the app in each target.'),
    revision: z
      .object({
        from: z.enum(['Auto']).default('Auto').describe('Auto: the chart version of the HelmRelease.'),
      })
      .optional()
      .describe('What of the app is promoted.'),
    environments: withRules(atomicList(environment, { min: 1, max: maxEnvironments }), [
      {
        rule: 'self.all(e, self.exists_one(o, o.name == e.name))',
        message: 'the names of environments must be unique',
        holds: (environments) => new Set(environments.map(({ name }) => name)).size === environments.length,
      },
    ]).describe('The environments in the order of promotion.'),
    promotion: promotionPolicy
      .optional()
      .describe('How promotions are made, unless an environment says otherwise.'),
  }),
  [
    {
      rule: '(has(self.promotion) && has(self.promotion.strategy)) || self.environments.all(e, e.name == self.environments[0].name || (has(e.promotion) && has(e.promotion.strategy)))',
      message:
        'every environment after the first needs a way to be promoted into: set spec.promotion.strategy, or one in each',
      fieldPath: '.promotion',
      reason: 'FieldValueRequired',
      holds: ({ promotion, environments }) =>
        promotion?.strategy !== undefined ||
        environments.slice(1).every((each) => each.promotion?.strategy !== undefined),
    },
  ],
).describe('What is promoted, through which environments, and how.');

export const pipeline = withRules(
  z.object({
    metadata: objectMeta,
    spec: pipelineSpec,
    status: pipelineStatus
      .optional()
      .describe('What the controller has seen and done. It alone writes here.'),
  }),
  [
    {
      rule: "self.metadata.name.size() <= 63 && !self.metadata.name.contains('.')",
      message:
        "must be a DNS label, at most 63 characters and without '.': it becomes a part of branches and markers",
      fieldPath: '.metadata.name',
      holds: ({ metadata }) => metadata.name.length <= 63 && !metadata.name.includes('.'),
    },
  ],
).describe('An app, its ordered environments, and how it moves from each to the next.');

export type Pipeline = z.infer<typeof pipeline>;
export type PipelineSpec = z.infer<typeof pipelineSpec>;
export type Environment = z.infer<typeof environment>;
export type Target = z.infer<typeof target>;
export type PullRequestStrategy = z.infer<typeof pullRequest>;

/** How promotions into `environment` are made: its own strategy, else the Pipeline's; suspended when either says so. */
export function promotionInto(
  spec: PipelineSpec,
  environment: Environment,
): { readonly suspend: boolean; readonly pullRequest: PullRequestStrategy | undefined } {
  return {
    suspend: (spec.promotion?.suspend ?? false) || (environment.promotion?.suspend ?? false),
    pullRequest: (environment.promotion?.strategy ?? spec.promotion?.strategy)?.pullRequest,
  };
}
