import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { credential } from '../../src/api/credential.ts';
import { CodedError } from '../../src/base/error.ts';
import type { Caches } from '../../src/cli/caches.ts';
import { forge } from '../../src/cli/forge-config.ts';
import { listForges } from '../../src/cli/forges.ts';
import { createReconcilers, type Reconcilers } from '../../src/cli/reconcilers.ts';
import type { Request, Transport } from '../../src/kube/transport/transport.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';

const loss = new CodedError('LeadershipLost', 'Lease a/b: another replica may lead now');
const key = 'team-a/promoter';
const promoter = credential.parse({
  metadata: { namespace: 'team-a', name: 'promoter', uid: 'u-1', resourceVersion: '1', generation: 1 },
  spec: { host: 'github.com', repositories: ['acme/fleet'], token: { secretRef: { name: 'key' } } },
});

const hooks = { onCall: () => undefined, onWait: () => undefined, assertHeld: () => undefined };
const forges = listForges([forge.parse({ host: 'github.com', provider: 'github' })], hooks);
afterAll(() => forges.close());

let reconcilers: Reconcilers;
afterEach(async () => {
  await reconcilers.stop();
  await reconcilers.drain();
});

/** One Credential, one Pipeline that is gone when it is looked at, and an API server that never answers. */
function acting() {
  const lookedAt = new Set<string>();
  const asked: Request[] = [];
  const caches: Pick<Caches, 'pipeline' | 'pipelineKeys' | 'credential' | 'credentialKeys' | 'observes'> = {
    pipeline: (each) => void lookedAt.add(each),
    pipelineKeys: () => ['team-a/app'],
    credential: (each) => (each === key ? promoter : undefined),
    credentialKeys: () => [key],
    observes: () => undefined,
  };
  const transport: Pick<Transport, 'call'> = {
    call: async (request) => {
      asked.push(request);
      const { promise, reject } = Promise.withResolvers<never>();
      request.signal.addEventListener('abort', () => reject(request.signal.reason));
      return promise;
    },
  };
  reconcilers = createReconcilers({
    config: { concurrency: 2, crossNamespaceTargets: 'Allow', expiryWarningDays: [] },
    transport: transport as Transport, // all that a pass asks of it here
    caches: caches as Caches, // likewise
    forges: forges.byHost,
    instance: () => 'test',
    overPrivileged: () => [],
    log: createLog('error', { write: () => undefined }),
    trouble: () => () => undefined,
    onPass: () => undefined,
  });
  return { lookedAt, asked };
}

test('what runs over a Pipeline or a Credential is aborted at once when we lead no more, and nothing begins', async () => {
  const { lookedAt, asked } = acting();
  reconcilers.start();
  await eventually('both loops run', () => lookedAt.size === 1 && asked.length === 1);
  reconcilers.abort(loss);
  expect(asked[0]?.signal.reason).toBe(loss);
  reconcilers.onPipeline('team-a/other');
  reconcilers.onCredential('team-a/other');
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  await reconcilers.stop();
  expect({ lookedAt, asked: asked.length }).toEqual({ lookedAt: new Set(['team-a/app']), asked: 1 });
});
