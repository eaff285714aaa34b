import type { Engine } from './engine.ts';
import { fluxHelmRelease } from './flux-helm-release.ts';

/** Every engine by `<group>/<kind>`. */
export const engines = {
  'helm.toolkit.fluxcd.io/HelmRelease': fluxHelmRelease,
} satisfies Record<string, Engine>;

/** The engine for objects of this kind, whatever their version within the group; undefined for kinds that we cannot read. */
export function engineFor(apiVersion: string, kind: string): Engine | undefined {
  const group = apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')));
  return Object.entries<Engine>(engines).find(([name]) => name === `${group}/${kind}`)?.[1];
}
