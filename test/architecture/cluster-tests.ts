import type { Module } from './module.ts';

/** What starts a real cluster, or uses a running one. */
const starters = /^(start|obtain|attach)(ControlPlane|World|Sandbox|Scene)$/;

/** `npm run test:unit` leaves `*.cluster.test.ts` out, so what needs a cluster must be called so, and nothing else. */
export function clusterTestViolations(modules: readonly Module[]): string[] {
  return modules
    .filter(({ path }) => path.endsWith('.test.ts'))
    .flatMap(({ path, imports }) => {
      const starts = imports.flatMap((each) => each.values).find((name) => starters.test(name));
      const isNamedSo = path.endsWith('.cluster.test.ts');
      return starts !== undefined && !isNamedSo
        ? [`${path}: uses ${starts}; rename it to ${path.replace(/\.test\.ts$/, '.cluster.test.ts')}`]
        : [];
    });
}
