import type { z } from 'zod';
import { credential } from './credential.ts';
import { pipeline } from './pipeline.ts';

/** A column of `kubectl get`. */
interface Column {
  readonly name: string;
  /** `date` shows how long ago, and nothing sensible for the future. */
  readonly type: 'string' | 'date';
  /** Reads a scalar: of a list the API server would show the first match alone. */
  readonly jsonPath: string;
  readonly description: string;
}

/** A kind of our API as users meet it. */
export interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  /** Of a whole object: metadata, spec and status. */
  readonly schema: z.ZodObject<{ metadata: z.ZodType; spec: z.ZodType; status: z.ZodType }>;
  readonly columns: readonly Column[];
}

const ready: Column = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
  description: 'Whether all is as it should be; the condition says why not.',
};

const age: Column = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Since when it exists.',
};

/** All kinds, in the order of the reference. */
export const kinds: readonly Kind[] = [
  {
    kind: 'Pipeline',
    plural: 'pipelines',
    singular: 'pipeline',
    schema: pipeline,
    columns: [
      { name: 'App', type: 'string', jsonPath: '.spec.appRef.name', description: 'What is promoted.' },
      {
        name: 'Revisions',
        type: 'string',
        jsonPath: '.status.summary.revisions',
        description: 'What each environment runs.',
      },
      {
        name: 'Waiting',
        type: 'string',
        jsonPath: '.status.summary.waiting',
        description: 'What the first waiting environment waits for.',
      },
      {
        name: 'Credential',
        type: 'string',
        jsonPath: '.status.summary.credential',
        description: 'Whose credential is used, and when it last was.',
      },
      ready,
      age,
    ],
  },
  {
    kind: 'Credential',
    plural: 'credentials',
    singular: 'credential',
    schema: credential,
    columns: [
      { name: 'Host', type: 'string', jsonPath: '.spec.host', description: 'The forge that it is for.' },
      { name: 'Kind', type: 'string', jsonPath: '.status.kind', description: 'What the Secret holds.' },
      {
        name: 'Owner',
        type: 'string',
        jsonPath: '.status.owner.login',
        description: 'Who its pull requests are from.',
      },
      {
        name: 'Valid',
        type: 'string',
        jsonPath: '.status.valid',
        description: 'Whether the forge accepted it when last asked.',
      },
      {
        name: 'Expires',
        type: 'string',
        jsonPath: '.status.expiryTime',
        description: 'When it ends; empty when it does not or the forge does not say.',
      },
      {
        name: 'Last-Used',
        type: 'date',
        jsonPath: '.status.lastUsed.time',
        description: 'How long ago it was last used.',
      },
      {
        name: 'Access',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Exclusive")].reason',
        description: 'Whether anybody else can reach its Secret.',
      },
      ready,
      age,
    ],
  },
];
