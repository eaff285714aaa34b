import { describe, expect, test } from '@jest/globals';
import type { Credential } from '../../../src/api/credential.ts';
import { looksSame } from '../../../src/credentials/health/looks-same.ts';
import { appCredential } from '../promoter.ts';

const before: Credential = {
  ...appCredential('acme/fleet'),
  status: {
    valid: 'True',
    owner: { login: 'acme-promoter[bot]', type: 'Bot' },
    checkedTime: '2026-11-25T08:00:00Z',
    lastUsed: { time: '2026-11-25T08:00:00Z', by: 'apps/podinfo staging', source: 'Controller' },
  },
};

test('that a credential was used and checked is no news to the Pipelines that use it', () => {
  const after: Credential = {
    ...before,
    metadata: { ...before.metadata, resourceVersion: '2' },
    status: {
      ...before.status,
      checkedTime: '2026-11-25T09:00:00Z',
      lastUsed: { time: '2026-11-25T09:00:00Z', by: 'apps/other prod', source: 'Controller' },
      rate: { limit: 5000, remaining: 4000, resetTime: '2026-11-25T09:30:00Z' },
    },
  };
  expect(looksSame(before, after)).toBe(true);
});

describe('it is news that', () => {
  test.each<[string, Credential]>([
    ['it is not valid any more', { ...before, status: { ...before.status, valid: 'False' } }],
    ['it may do something else', { ...before, spec: { ...before.spec, repositories: ['acme/other'] } }],
    ['it is another one', { ...before, metadata: { ...before.metadata, uid: 'other' } }],
    [
      'it goes away',
      { ...before, metadata: { ...before.metadata, deletionTimestamp: '2026-11-25T09:00:00Z' } },
    ],
  ])('%s', (_, after) => {
    expect(looksSame(before, after)).toBe(false);
  });
});
