import { z } from 'zod';
import { condition, exactlyOneOf, message, objectMeta, objectName, timestamp, withRules } from './meta.ts';

const secretRef = z
  .object({ name: objectName })
  .describe("A Secret in this Credential's namespace; read by that one name, never listed.");

export const credentialSpec = withRules(
  z.object({
    host: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/)
      .describe(
        "The forge, by host name; the operator's configuration says which hosts exist and what they are.",
      ),
    repositories: z
      .array(
        z
          .string()
          .max(200)
          .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/),
      )
      .min(1)
      .max(64)
      .describe('The only repositories it is ever used for, as owner/name.')
      .meta({ 'x-kubernetes-list-type': 'set' }),
    githubApp: z
      .object({ secretRef })
      .optional()
      .describe(
        'A GitHub App. Secret keys: appId, privateKey (PEM), and installationId, which is found when absent.',
      ),
    token: z.object({ secretRef }).optional().describe('A token of a person or bot. Secret key: token.'),
  }),
  [exactlyOneOf('githubApp', 'token')],
).describe('One Secret, what it may be used for, and in its status everything that is known of it.');

export const credentialKind = z.enum(['GitHubApp', 'PersonalAccessToken', 'OAuthUser', 'Unknown']);

export const credentialStatus = z.object({
  observedGeneration: z.int().min(0).optional(),
  conditions: z
    .array(condition)
    .max(8)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }),
  kind: credentialKind.optional().describe('What the Secret turned out to hold.'),
  owner: z
    .object({
      login: z.string().max(128).describe('Who every pull request appears to be from.'),
      type: z.enum(['Bot', 'User', 'Unknown']),
      id: z.string().max(32).optional(),
    })
    .optional(),
  valid: z
    .enum(['True', 'False', 'Unknown'])
    .optional()
    .describe('Whether the forge accepted it when last asked.'),
  checkedTime: timestamp.optional().describe('When the forge was last asked about it.'),
  expiryTime: timestamp
    .optional()
    .describe('When the stored credential ends; absent when it never does or the forge does not say.'),
  expiry: message.optional().describe('Why expiryTime is absent.'),
  lastUsed: z
    .object({
      time: timestamp.describe('Moves at most once a minute.'),
      by: z.string().max(256).describe('The Pipeline and environment, as namespace/name environment.'),
      source: z.enum(['Controller', 'Forge']).describe('Who says so.'),
    })
    .optional(),
  scope: z
    .object({
      verdict: z.enum(['Least', 'Broad', 'Insufficient', 'Unknown']),
      granted: z
        .array(z.string().max(64))
        .max(64)
        .describe('What a write token of ours is minted with, or what the stored token carries.')
        .meta({ 'x-kubernetes-list-type': 'atomic' }),
      repositories: z.int().min(0).optional().describe('How many repositories that token opens.'),
      message: message.optional(),
    })
    .optional(),
});

export const credential = z.object({
  metadata: objectMeta,
  spec: credentialSpec,
  status: credentialStatus.optional(),
});

export type Credential = z.infer<typeof credential>;
export type CredentialSpec = z.infer<typeof credentialSpec>;
export type CredentialStatus = z.infer<typeof credentialStatus>;
