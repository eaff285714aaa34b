import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CredentialStatus } from '../../../src/api/credential.ts';
import type { Permissions } from '../../sandbox/forge/permission-set.ts';
import { Passes, readyOf } from '../health/passes.ts';
import { minuteMs, startAcme, tokenCredential, type Acme } from '../promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const looks: Permissions = { organization_personal_access_tokens: 'read', metadata: 'read' };
const promotes: Permissions = { contents: 'write', pull_requests: 'write', metadata: 'read' };

/** The status of an App with these permissions, that others name in lastUsedFrom or do not. */
async function statusOf(permissions: Permissions, observes?: 'only' | 'also'): Promise<CredentialStatus> {
  const own = await acme.promoter({ permissions });
  if (observes !== undefined) own.observers.set('apps/acme-promoter', observes);
  return (await new Passes(own).pass()).status;
}

describe('a Credential that others name in lastUsedFrom', () => {
  test('is well with the permission to read the list and no other, where no Pipeline names it', async () => {
    const status = await statusOf(looks, 'only');
    expect([readyOf(status), status.scope]).toEqual([
      'True Healthy: the forge accepts it',
      expect.objectContaining({
        verdict: 'Least',
        granted: ['organization_personal_access_tokens:read'],
      }),
    ]);
    expect(status.scope).not.toHaveProperty('lacking');
  });

  test('is too wide with what a promotion takes', async () => {
    expect(readyOf(await statusOf({ ...looks, ...promotes }, 'only'))).toMatch(
      /^True OverScoped: .* also has contents:write, pull_requests:write, which looking at tokens does not need;/,
    );
  });

  test('lacks nothing but the permission to read the list', async () => {
    expect(readyOf(await statusOf({ metadata: 'read' }, 'only'))).toMatch(
      /^False PermissionsMissing: the App lacks organization_personal_access_tokens:read;/,
    );
  });

  test('may have both where a Pipeline names it as well', async () => {
    const status = await statusOf({ ...looks, ...promotes }, 'also');
    expect([readyOf(status), status.scope?.granted]).toEqual([
      'True Healthy: the forge accepts it',
      ['contents:write', 'pull_requests:write', 'organization_personal_access_tokens:read'],
    ]);
  });

  test('is judged anew within ten minutes when others begin to name it', async () => {
    const own = await acme.promoter({ permissions: looks });
    const passes = new Passes(own);
    expect(readyOf((await passes.pass()).status)).toMatch(/^False PermissionsMissing:/);
    own.observers.set('apps/acme-promoter', 'only');
    expect(readyOf((await passes.pass(2 * minuteMs)).status)).toMatch(/^True Healthy:/);
  });

  test("may be an owner's token with read:org alone, which is shown no repository", async () => {
    const own = await acme.promoter();
    acme.forge.createUser('olga');
    own.secrets.put('apps/acme-promoter', { token: acme.forge.createToken('olga', ['read:org']) });
    own.observers.set('apps/acme-promoter', 'only');
    const passes = new Passes(own, tokenCredential(own.fullName));
    const { status } = await passes.pass();
    expect([status.valid, status.scope?.verdict, status.scope?.message]).toEqual([
      'True',
      'Least',
      'the token has no more than looking at tokens needs',
    ]);
  });
});

test('what nobody names is judged by what a promotion takes', async () => {
  expect(readyOf(await statusOf(looks))).toMatch(
    /^False PermissionsMissing: the App lacks contents:write, pull_requests:write;/,
  );
  expect(readyOf(await statusOf({ ...looks, ...promotes }))).toMatch(
    /^True OverScoped: .* also has organization_personal_access_tokens:read,/,
  );
});
