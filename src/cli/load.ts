import { setImmediate as turn } from 'node:timers/promises';
import type * as config from './config.ts';
import type * as controller from './controller.ts';

/** What the configuration is read with. */
const configPieces: readonly (() => Promise<unknown>)[] = [
  () => import('zod'),
  () => import('pino'),
  () => import('yaml'),
];

/** What a controller runs on besides, so that no piece is large beside those before it. */
const pieces: readonly (() => Promise<unknown>)[] = [
  () => import('undici'),
  () => import('prom-client'),
  () => import('@octokit/auth-app'),
  () => import('@octokit/plugin-rest-endpoint-methods'),
  () => import('tar'),
  () => import('semver'),
  () => import('../kube/transport/transport.ts'),
  () => import('../kube/reflector/reflector.ts'),
  () => import('../api/pipeline.ts'),
  () => import('../engines/index.ts'),
  () => import('../forges/index.ts'),
  () => import('../credentials/health/reconcile.ts'),
  () => import('../promotion/reconcile.ts'),
];

/** Loads what reads flags and configuration, as `loadController` does. */
export async function loadConfig(): Promise<typeof config> {
  await inTurns(configPieces);
  return await import('./config.ts');
}

/**
 * Loads the controller with a turn of the event loop after each piece: an import of the whole would hold the loop up for as long as all
 * of them take together, since modules are compiled, linked and run in one go.
 */
export async function loadController(): Promise<typeof controller> {
  await inTurns(pieces);
  return await import('./controller.ts');
}

async function inTurns(loads: typeof pieces): Promise<void> {
  for (const load of loads) {
    await load();
    await turn();
  }
}
