export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  workerIdleMemoryLimit: '400MB',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
};
