import { availableParallelism } from 'node:os';

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  // Jest's own choice leaves one core idle, which of two is half; and one control plane serves all workers.
  maxWorkers: Math.min(availableParallelism(), 4),
  // ESM registries are not given back (jest #14605).
  workerIdleMemoryLimit: '400MB',
  // Tests wait for conditions with deadlines of their own, which say what was missing; this is for the ones that do not.
  testTimeout: 30_000,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
};
