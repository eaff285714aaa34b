import { z } from 'zod';
import {
  atomicList,
  conditions,
  exactlyOneOf,
  matches,
  message,
  objectMeta,
  objectName,
  setOf,
  text,
  timestamp,
  trilean,
  withRules,
} from './meta.ts';

const secretRef = z
  .object({ name: objectName.describe('Its name.') })
  .describe("A Secret in this Credential's namespace; read by that one name, never listed.")
  .meta({ 'x-kubernetes-map-type': 'atomic' });

const host = withRules(z.string().max(253), [
  matches(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/,
    'must be a host name in lower case, with a port if need be, and no https:// before it',
  ),
]);

const repository = withRules(z.string().max(200), [
  matches(/^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/, 'must be owner/name'),
  {
    rule: "!self.endsWith('.git')",
    message: "must be written without '.git' at its end",
    holds: (name) => !name.endsWith('.git'),
  },
]);

const credentialSpec = withRules(
  z.object({
    host: host.describe(
      "The forge, by host name; the operator's configuration says which hosts exist and what they are.",
    ),
    repositories: setOf(repository, { min: 1, max: 64 }).describe(
      'The only repositories it is ever used for, as owner/name.',
    ),
    githubApp: z
      .object({ secretRef })
      .optional()
      .describe(
        'A GitHub App. Secret keys: appId, privateKey (PEM), and installationId, which is found when absent; or as Flux and Argo CD have them: githubAppID, githubAppPrivateKey, githubAppInstallationID.',
      ),
    token: z
      .object({ secretRef })
      .optional()
      .describe(
        'A token of a person or bot. Secret key: token, or password as Git clients and Weave GitOps have it.',
      ),
    lastUsedFrom: z
      .object({
        credentialRef: z
          .object({ name: objectName.describe('Its name.') })
          .describe('A Credential of this namespace and for this host.')
          .meta({ 'x-kubernetes-map-type': 'atomic' }),
      })
      .optional()
      .describe(
        "Whom to ask when the forge last saw the token, where a token is not told that itself: a GitHub App of the organization with its permission to read personal access tokens, or an owner's token with read:org where there is single sign-on.",
      ),
  }),
  [exactlyOneOf('githubApp', 'token')],
).describe('Which Secret it is, and what it may be used for.');

const credentialKind = z.enum([
  'GitHubApp',
  'PersonalAccessToken',
  'FineGrainedToken',
  'OAuthUser',
  'AppUser',
  'InstallationToken',
  'ProjectToken',
  'GroupToken',
  'ServiceAccountToken',
  'Unknown',
]);

/** How many who can reach a Secret are named in status. */
export const maxAccessPaths = 10;

const accessPath = z.object({
  subject: text(256).describe('Who: a User, Group or ServiceAccount.'),
  class: z
    .enum(['Read', 'Overwrite', 'Indirect'])
    .describe('Read: get, list or watch. Overwrite: put another value in. Indirect: by a way around.'),
  via: text(512).describe('The shortest way, from binding to right.'),
});

/** Written by the auditor alone, under a field owner of its own. */
const credentialAccess = z.object({
  verdict: z
    .enum(['Exclusive', 'Shared', 'Exposed', 'Unknown'])
    .describe(
      'Exclusive: nobody but the controller and the baseline. Shared: others that are named. Exposed: a group that anybody may be in, or a default service account. Unknown: it cannot be told.',
    ),
  secret: text(253).describe('Of which Secret it is said, by name.'),
  checkedTime: timestamp.describe('When it was last worked out; moves hourly unless the answer changes.'),
  message: message.describe('The same in a sentence, with the next step.'),
  others: z.int().min(0).describe('How many can reach it beside the controller and the baseline.'),
  elsewhere: z
    .int()
    .min(0)
    .describe(
      'How many of them are service accounts of other namespaces, which are counted and not named here.',
    ),
  paths: atomicList(accessPath, { min: 0, max: maxAccessPaths }).describe(
    'Who they are and by which way, the most direct first; lockkeeper access shows all.',
  ),
  baseline: atomicList(text(256), { min: 0, max: 16 }).describe(
    'Who can always reach it, by how Kubernetes works or by the rights of the control plane: shown, never counted.',
  ),
});

const credentialStatus = z.object({
  observedGeneration: z.int().min(0).optional().describe('The generation of spec that this status is about.'),
  conditions: conditions
    .optional()
    .describe(
      'Ready sums up whether it works; Exclusive whether anybody else can reach its Secret; OverPrivileged stands here only while the controller has rights that it must not have.',
    ),
  kind: credentialKind.optional().describe('What the Secret turned out to hold.'),
  owner: z
    .object({
      login: text(128).describe('Who every pull request appears to be from.'),
      type: z.enum(['Bot', 'User', 'Unknown']).describe('Whether that is a person.'),
      id: text(32)
        .optional()
        .describe('The number that the forge knows them by; it stays when the login changes.'),
    })
    .optional()
    .describe('Whose credential it is, as the forge says.'),
  appearsAs: message
    .optional()
    .describe('Who pull requests and commits will appear to be from, in a sentence.'),
  valid: trilean.optional().describe('Whether the forge accepted it when last asked.'),
  checkedTime: timestamp
    .optional()
    .describe('When the forge was last asked about it; moves hourly unless the answer changes.'),
  expiryTime: timestamp
    .optional()
    .describe('When the stored credential ends; absent when it never does or the forge does not say.'),
  expiry: message.optional().describe('Why expiryTime is absent.'),
  lastUsed: z
    .object({
      time: timestamp.describe('When; moves at most once a minute.'),
      by: text(256)
        .optional()
        .describe(
          'The Pipeline and environment, as namespace/name environment; absent when the forge says so, which does not tell who.',
        ),
      source: z
        .enum(['Controller', 'Forge'])
        .describe(
          'Controller: the last call for a Pipeline that was accepted; checks are not counted. Forge: a later use, which was not ours.',
        ),
      precision: text(64).optional().describe('How exact the time is.'),
    })
    .optional()
    .describe('When and by what it was last used.'),
  lastUsedUnknown: message
    .optional()
    .describe(
      'Why uses by others may not show in lastUsed: what the forge cannot tell, or why the Credential that lastUsedFrom names cannot.',
    ),
  scope: z
    .object({
      verdict: z
        .enum(['Least', 'Broad', 'Insufficient', 'Unknown'])
        .describe(
          'Of what the stored key or token opens. Least: no more than a promotion needs, and of an App no other repositories and accounts than spec lists. Broad: more. Insufficient: less. Unknown: the forge does not tell.',
        ),
      granted: atomicList(text(64), { min: 0, max: 64 }).describe(
        'What a write token of ours is minted with, which may be less than the key of an App opens, or what the stored token carries.',
      ),
      surplus: atomicList(text(64), { min: 0, max: 64 })
        .optional()
        .describe('What it may do and no promotion needs.'),
      lacking: atomicList(text(64), { min: 0, max: 16 })
        .optional()
        .describe('What a promotion needs and it may not do.'),
      needs: atomicList(
        z.object({
          permission: text(64).describe("In the forge's own words."),
          why: text(256).describe('Which Pipeline and environment takes it, for which file.'),
          time: timestamp.describe('When; moves daily.'),
        }),
        { min: 0, max: 8 },
      )
        .optional()
        .describe('What promotions with it took beyond what every one takes; forgotten after a week.'),
      repositories: z
        .int()
        .min(0)
        .optional()
        .describe(
          'How many repositories the key of the App opens at the account that was looked at, as counted daily; absent where it is not known.',
        ),
      message: message.optional().describe('The same in a sentence.'),
    })
    .optional()
    .describe('What it may do.'),
  rate: z
    .object({
      limit: z.int().min(0).describe('Requests in the window.'),
      remaining: z.int().min(0).describe('Of them left, when the forge was last asked.'),
      resetTime: timestamp.describe('When the window ends.'),
    })
    .optional()
    .describe(
      "What is left of the forge's limit, as of checkedTime; absent where the forge does not limit or does not say.",
    ),
  tokenHash: text(44)
    .optional()
    .describe(
      "SHA-256 of the token in base64, by which GitHub's audit log can be searched (hashed_token); of tokens that forges make alone, which cannot be guessed.",
    ),
  access: credentialAccess
    .optional()
    .describe('Who else could take it, as the auditor says; absent while no auditor runs.'),
});

export const credential = z
  .object({
    metadata: objectMeta,
    spec: credentialSpec,
    status: credentialStatus
      .optional()
      .describe(
        'Everything that is known of the credential, and never a value of it. The controller alone writes here, and the auditor access.',
      ),
  })
  .describe('One Secret, what it may be used for, and in its status everything that is known of it.');

export type Credential = z.infer<typeof credential>;
export type CredentialSpec = z.infer<typeof credentialSpec>;
export type CredentialStatus = z.infer<typeof credentialStatus>;
export type CredentialAccess = z.infer<typeof credentialAccess>;
