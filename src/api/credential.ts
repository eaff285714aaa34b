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
        'A GitHub App. Secret keys: appId, privateKey (PEM), and installationId, which is found when absent.',
      ),
    token: z.object({ secretRef }).optional().describe('A token of a person or bot. Secret key: token.'),
  }),
  [exactlyOneOf('githubApp', 'token')],
).describe('Which Secret it is, and what it may be used for.');

const credentialKind = z.enum(['GitHubApp', 'PersonalAccessToken', 'OAuthUser', 'Unknown']);

const credentialStatus = z.object({
  observedGeneration: z.int().min(0).optional().describe('The generation of spec that this status is about.'),
  conditions: conditions.optional().describe('Ready sums all up.'),
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
      by: text(256).describe('The Pipeline and environment, as namespace/name environment.'),
      source: z.enum(['Controller', 'Forge']).describe('Who says so.'),
    })
    .optional()
    .describe('When and by what it was last used.'),
  scope: z
    .object({
      verdict: z
        .enum(['Least', 'Broad', 'Insufficient', 'Unknown'])
        .describe('Least: no more than a promotion needs. Broad: more. Insufficient: less.'),
      granted: atomicList(text(64), { min: 0, max: 64 }).describe(
        'What a write token of ours is minted with, or what the stored token carries.',
      ),
      repositories: z.int().min(0).optional().describe('How many repositories such a token opens.'),
      message: message.optional().describe('The same in a sentence.'),
    })
    .optional()
    .describe('What it may do.'),
});

export const credential = z
  .object({
    metadata: objectMeta,
    spec: credentialSpec,
    status: credentialStatus
      .optional()
      .describe(
        'Everything that is known of the credential, and never a value of it. The controller alone writes here.',
      ),
  })
  .describe('One Secret, what it may be used for, and in its status everything that is known of it.');

export type Credential = z.infer<typeof credential>;
export type CredentialSpec = z.infer<typeof credentialSpec>;
export type CredentialStatus = z.infer<typeof credentialStatus>;
