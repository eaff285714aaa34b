import { z } from 'zod';
import { dnsLabel, objectMeta, objectName, withRules } from './meta.ts';
import { pipelineStatus } from './pipeline-status.ts';

export const maxEnvironments = 16;
export const maxTargets = 32;
export const maxPaths = 16;

const appRef = z
  .object({
    apiVersion: z
      .string()
      .min(1)
      .max(128)
      .describe('Group and version; matched by group, whatever the version.'),
    kind: z.string().min(1).max(63),
    name: objectName.describe('Its name in every target, unless the target says otherwise.'),
  })
  .describe('What delivers the app in each target.');

const target = z.object({
  name: dnsLabel.default('default').describe('Tells the targets of one environment apart.'),
  namespace: dnsLabel.describe(
    "Where the app object lives. Another namespace than the Pipeline's must allow it by the annotation lockkeeper.dev/allow-pipelines-from.",
  ),
  appName: objectName.optional().describe('The name of the app object here, when it is not that of appRef.'),
});

/** `https://host/owner/name`; an owner may hold groups. */
export const repositoryUrl = z
  .string()
  .max(256)
  .regex(/^https:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(\/[A-Za-z0-9_][A-Za-z0-9._-]*){2,6}$/);

const pathInRepository = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9_.@+-][A-Za-z0-9_.@+ -]*(\/[A-Za-z0-9_.@+-][A-Za-z0-9_.@+ -]*)*$/);

const branchName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/);

const pullRequest = z
  .object({
    url: repositoryUrl.describe('The repository, as https://host/owner/name.'),
    baseBranch: branchName.default('main').describe('The branch that the pull request merges into.'),
    paths: withRules(
      z
        .array(pathInRepository)
        .min(1)
        .max(maxPaths)
        .optional()
        .describe(
          'Directories or files where markers count; the whole repository when absent. Narrower is faster and safer.',
        )
        .meta({ 'x-kubernetes-list-type': 'atomic' }),
      [
        {
          rule: "self.all(p, !p.split('/').exists(s, s == '..' || s == '.git'))",
          message: "paths may not leave the repository: no '..' and no '.git'",
          holds: (paths) =>
            (paths ?? []).every((path) => !path.split('/').some((part) => part === '..' || part === '.git')),
        },
      ],
    ),
    credentialRef: z
      .object({ name: objectName })
      .describe("The Credential, in this Pipeline's namespace, whose key opens the pull request."),
    labels: z
      .array(z.string().min(1).max(50))
      .max(10)
      .optional()
      .describe('Put on the pull request.')
      .meta({ 'x-kubernetes-list-type': 'atomic' }),
    reviewers: z
      .array(z.string().min(1).max(64))
      .max(15)
      .optional()
      .describe('Asked to review the pull request: user names.')
      .meta({ 'x-kubernetes-list-type': 'atomic' }),
    draft: z.boolean().optional().describe('Open the pull request as a draft.'),
  })
  .describe('Promote by a pull request.');

export const promotionPolicy = z.object({
  suspend: z.boolean().optional().describe('Nothing is proposed while this is true.'),
  strategy: withRules(z.object({ pullRequest: pullRequest.optional() }), [
    {
      rule: 'has(self.pullRequest)',
      message: 'set exactly one strategy: pullRequest',
      holds: ({ pullRequest: given }) => given !== undefined,
    },
  ]).describe('How a promotion is carried out: exactly one member.'),
});

const environment = z.object({
  name: dnsLabel,
  targets: withRules(
    z
      .array(target)
      .min(1)
      .max(maxTargets)
      .describe('Where the environment runs; all must agree before anything moves on.')
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
    [],
  ),
  promotion: promotionPolicy
    .optional()
    .describe(
      "How promotions into this environment are made; replaces spec.promotion's strategy whole. suspend holds when either says so.",
    ),
});

export const pipelineSpec = withRules(
  z.object({
    appRef,
    revision: z
      .object({ from: z.enum(['Auto']).default('Auto') })
      .optional()
      .describe('What is promoted: Auto takes the chart version of a HelmRelease.'),
    environments: withRules(
      z
        .array(environment)
        .min(1)
        .max(maxEnvironments)
        .describe('In the order of promotion.')
        .meta({ 'x-kubernetes-list-type': 'atomic' }),
      [
        {
          rule: 'self.all(e, self.exists_one(o, o.name == e.name))',
          message: 'environment names must be unique',
          holds: (environments) => new Set(environments.map(({ name }) => name)).size === environments.length,
        },
      ],
    ),
    promotion: promotionPolicy
      .optional()
      .describe('How promotions are made, unless an environment says otherwise.'),
  }),
  [
    {
      rule: 'has(self.promotion) || self.environments.all(e, has(e.promotion) || e.name == self.environments[0].name)',
      message: 'spec.promotion is missing: every environment after the first needs a way to be promoted into',
      holds: ({ promotion, environments }) =>
        promotion !== undefined || environments.slice(1).every((each) => each.promotion !== undefined),
    },
  ],
).describe('An app, its ordered environments, and how it moves between them.');

export const pipeline = z.object({
  metadata: objectMeta,
  spec: pipelineSpec,
  status: pipelineStatus.optional(),
});

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
    pullRequest: (environment.promotion ?? spec.promotion)?.strategy.pullRequest,
  };
}
