import { expect } from '@jest/globals';
import type { Condition } from '../../src/api/meta.ts';
import { reasons, type Reason } from '../../src/api/reasons.ts';
import { sentence } from '../../src/base/sentence.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { readCredentials, readPipelineStatus } from '../sandbox/pipeline-view.ts';
import { nextVersion, type Scene, type Stage, type StageOptions } from './scene.ts';
import { SecretPieces } from './secret-pieces.ts';

/** How long a mended cause may go unnoticed. What is asked again is so after more than a minute and a half. */
const recovery = {
  /** What the API server tells of: seconds, on a machine that does much else too. */
  watched: 30_000,
  /** Secrets and forges, which are asked again. */
  asked: 120_000,
} as const;

/** What is wrong, what status says of it, and how it is mended. */
export interface Mistake {
  /** Completes "says what to do when …, and goes on by itself when that is mended"; also names the namespace. */
  readonly when: string;
  readonly namespace: string;
  readonly options?: StageOptions;
  readonly spoil?: (stage: Stage) => Promise<void> | void;
  readonly reason: Reason;
  /** The whole sentence. */
  readonly says: (stage: Stage) => string;
  readonly mend: (stage: Stage) => Promise<void> | void;
  readonly recovery: keyof typeof recovery;
  /** What is in the Secret meanwhile and may not be seen. */
  readonly hidden?: readonly string[];
  /** What happens in dev, when it is something else than the release of the next version. */
  readonly release?: (stage: Stage) => Promise<void>;
}

/** Long enough for the slowest recovery and all that is before it. */
export const mistakeTimeoutMs = 180_000;

/** Makes a mistake, releases a version, and holds what follows to the promises that are made of every mistake. */
export async function endure(scene: Scene, mistake: Mistake): Promise<void> {
  const stage = await scene.stage(mistake.namespace, mistake.options);
  await mistake.spoil?.(stage);
  await (mistake.release?.(stage) ?? stage.release());
  const { reason } = mistake;
  const message = sentence(mistake.says(stage));
  await stage.eventually(
    `it says ${reason}: ${message}`,
    ({ waiting }) => waiting?.reason === reason && waiting.message === message,
  );
  await expectConditions(stage, reason, message);
  await eventually(`${stage.namespace}: an Event says it too`, async () =>
    (await stage.warnings()).has(reason),
  );
  expect({ writes: stage.writes, ...stage.proposal }).toEqual({
    writes: [],
    head: undefined,
    pullRequests: [],
  });
  const pieces = new SecretPieces([
    ...stage.secrets,
    ...(mistake.hidden ?? []).map((value, index) => [`hidden ${index}`, value] as const),
  ]);
  expect(pieces.findIn('the outputs', await stage.outputs())).toEqual([]);

  await mistake.mend(stage);
  await stage.eventually(
    `it has recovered within ${recovery[mistake.recovery]} ms`,
    ({ promotion }) => promotion?.phase === 'Proposed',
    recovery[mistake.recovery],
  );
  expect(stage.proposal.pullRequests.map(({ title, state }) => ({ title, state }))).toEqual([
    { title: `Promote ${stage.namespace}/podinfo in staging to ${nextVersion}`, state: 'open' },
  ]);
  await eventually(`${stage.namespace}: its Credential is ready`, () => isCredentialReady(stage), {
    deadlineMs: recovery.asked,
  });
}

/** Ready says it too, and Stalled or Reconciling says whether a person or time will mend it. */
async function expectConditions(stage: Stage, reason: Reason, message: string): Promise<void> {
  const status = await readPipelineStatus(stage.world.cluster, stage.namespace, 'podinfo');
  const shown = (conditions: readonly Condition[]) =>
    conditions
      .filter(({ type }) => !type.startsWith('Credential'))
      .map(({ type, status: is, reason: because, message: words }) => ({ type, is, because, words }));
  const words = sentence(`staging: ${message}`);
  const { is } = reasons[reason];
  expect(shown(status?.conditions ?? [])).toEqual([
    { type: 'Ready', is: 'False', because: reason, words },
    ...(is === 'stalled' ? [{ type: 'Stalled', is: 'True', because: reason, words }] : []),
    ...(is === 'retried' ? [{ type: 'Reconciling', is: 'True', because: reason, words }] : []),
  ]);
}

async function isCredentialReady({ world, namespace }: Stage): Promise<boolean> {
  const [credential] = await readCredentials(world.cluster, namespace);
  const ready = credential?.status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && credential?.status?.valid === 'True';
}
