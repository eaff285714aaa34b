import type { ControllerFacts, ReflectorFacts, RuntimeFacts } from '../../src/telemetry/health.ts';

/** A reflector that has everything, changed as a test wants it. */
export function reflectorFacts(change: Partial<ReflectorFacts> = {}): ReflectorFacts {
  return {
    resource: 'pipelines',
    group: 'lockkeeper.dev',
    hasSynced: true,
    isPermitted: true,
    isServed: true,
    lastFailure: undefined,
    staleMs: 20_000,
    idleMs: 20_000,
    objects: 3,
    refused: 0,
    checksum: 4_000_000_000,
    ...change,
  };
}

/** A controller that has just begun its one pass. */
export function controllerFacts(change: Partial<ControllerFacts> = {}): ControllerFacts {
  return {
    controller: 'pipelines',
    concurrency: 8,
    deadlineMs: 720_000,
    queueDepth: 0,
    oldestMs: 0,
    running: 1,
    longestPassMs: 50,
    overdue: 0,
    ...change,
  };
}

/** A leader that is well. */
export function runtimeFacts(change: Partial<RuntimeFacts> = {}): RuntimeFacts {
  return {
    isLeading: true,
    reflectors: [reflectorFacts()],
    controllers: [controllerFacts()],
    ...change,
  };
}
