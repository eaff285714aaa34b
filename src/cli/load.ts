import { setImmediate as turn } from 'node:timers/promises';
import type * as controller from './controller.ts';

/** What a controller runs on, so that no piece is large beside those before it. */
const pieces: readonly (() => Promise<unknown>)[] = [
  () => import('zod'),
  () => import('undici'),
  () => import('pino'),
  () => import('prom-client'),
  () => import('yaml'),
  () => import('@octokit/auth-app'),
  () => import('@octokit/plugin-rest-endpoint-methods'),
  () => import('tar'),
  () => import('semver'),
  () => import('../kube/transport/transport.ts'),
  () => import('../kube/reflector/reflector.ts'),
  () => import('../api/pipeline.ts'),
  () => import('../engines/index.ts'),
  () => import('../forges/index.ts'),
  () => import('../credentials/reconcile.ts'),
  () => import('../promotion/reconcile.ts'),
];

/**
 * Loads the controller with a turn of the event loop after each piece: an import of the whole would hold the loop up for as long as all
 * of them take together, since modules are compiled, linked and run in one go.
 */
export async function loadController(): Promise<typeof controller> {
  for (const load of pieces) {
    await load();
    await turn();
  }
  return await import('./controller.ts');
}
