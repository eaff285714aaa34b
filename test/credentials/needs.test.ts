import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Permissions } from '../sandbox/forge/permission-set.ts';
import { call, failureOf } from '../forges/github/opened.ts';
import { startAcme, type Acme, type Promoter } from './promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const usual: Permissions = { contents: 'write', pull_requests: 'write', metadata: 'read' };
const workflow = '.github/workflows/deploy.yaml';

async function write({ keyring, credential, purpose }: Promoter, changes: readonly string[]): Promise<void> {
  const access = await keyring.open(credential, purpose, call());
  await access.write(() => Promise.resolve(), { changes });
}

function mintedWith({ installation }: Promoter): Permissions[] {
  return acme.forge.world.credentials
    .tokens()
    .flatMap((each) =>
      each.kind === 'installation' && each.installation === installation ? [each.permissions] : [],
    );
}

describe('a write token may change workflows', () => {
  test('when a file among those that it changes is one', async () => {
    const own = await acme.promoter({ permissions: { ...usual, workflows: 'write' } });
    await write(own, ['apps/podinfo.yaml', workflow]);
    expect(mintedWith(own)).toEqual([{ ...usual, workflows: 'write' }]);
  });

  test.each([[], ['apps/podinfo.yaml'], ['.github/dependabot.yml'], ['apps/.github/workflows/x.yaml']])(
    'and otherwise not, though the App may: %s',
    async (...changes: string[]) => {
      const own = await acme.promoter({ permissions: { ...usual, workflows: 'write' } });
      await write(own, changes);
      expect(mintedWith(own)).toEqual([usual]);
      const { probe } = await own.keyring.inspect(own.credential, call());
      expect(await probe()).not.toHaveProperty('needs');
    },
  );
});

describe('that an App may not change workflows', () => {
  test('is said with what it is for, and mints nothing less instead', async () => {
    const own = await acme.promoter();
    const failure = await failureOf(write(own, [workflow]));
    expect(failure.code).toBe('PermissionsMissing');
    expect(failure.message).toContain(`(workflows:write since apps/podinfo staging changes ${workflow})`);
    expect(mintedWith(own)).toEqual([]);
    expect(own.uses.healthOf('apps/acme-promoter')).toMatchObject({
      good: false,
      reason: 'PermissionsMissing',
    });
  });

  test('is no lack before a promotion changes one, and then is one, with the reason', async () => {
    const own = await acme.promoter();
    const probe = async () => await (await own.keyring.inspect(own.credential, call())).probe();
    expect(await probe()).toMatchObject({ missing: [] });
    await failureOf(write(own, [workflow]));
    expect(await probe()).toMatchObject({
      missing: ['workflows:write'],
      needs: [{ permission: 'workflows:write', why: `apps/podinfo staging changes ${workflow}` }],
    });
    own.keyring.forget('apps/acme-promoter');
    expect(await probe()).toMatchObject({ missing: [] });
  });
});
