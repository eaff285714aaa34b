import { availableParallelism } from 'node:os';

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  // One more than there are cores, since a third of the time suites wait for leases, faults and processes to end (on two cores
  // 662 s, where as many workers as cores take 860 s); and not more than four, since one control plane serves them all.
  maxWorkers: Math.min(availableParallelism() + 1, 4),
  // ESM registries are not given back (jest #14605).
  workerIdleMemoryLimit: '400MB',
  // A worker that is over that limit after its last file is started again only to be told to end: half a second, as is
  // usual, is less than that takes on a busy machine, and Jest then speaks of a leak that there is not.
  workerGracefulExitTimeout: 5_000,
  // Tests wait for conditions with deadlines of their own, which say what was missing: half a minute each. This is for the ones
  // that do not, and longer than several of those on a machine that does much else.
  testTimeout: 120_000,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
};
