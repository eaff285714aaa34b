import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Credential } from '../../src/api/credential.ts';
import type { Permissions } from '../sandbox/forge/permission-set.ts';
import { call, failureOf } from '../forges/github/opened.ts';
import { Passes, readyOf } from './health/passes.ts';
import { minuteMs, startAcme, type Acme, type Promoter } from './promoter.ts';

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

describe('that a promotion changes workflows', () => {
  const dayMs = 24 * 60 * minuteMs;
  const need = { permission: 'workflows:write', why: `apps/podinfo staging changes ${workflow}` };

  function restarted(own: Promoter): Promoter {
    return { ...own, keyring: own.keyringOf(new Map([['github.com', acme.listed]])) };
  }

  async function probed({ keyring }: Promoter, credential: Credential) {
    return await (await keyring.inspect(credential, call())).probe();
  }

  test('is no reason to call the App too wide for it, before and after the first that does', async () => {
    const own = await acme.promoter({ permissions: { ...usual, workflows: 'write' } });
    const passes = new Passes(own);
    const { status: before } = await passes.pass();
    expect(readyOf(before)).toBe('True Healthy: the forge accepts it');
    expect(before.scope).toMatchObject({
      verdict: 'Least',
      message: expect.stringContaining('workflows:write was not needed so far'),
    });
    await write(own, [workflow]);
    const { status: after } = await passes.pass(61 * minuteMs);
    expect(after.scope).toMatchObject({ verdict: 'Least', needs: [need] });
    expect(after.scope?.message).toContain(`workflows:write is needed since ${need.why}`);
    expect(passes.announced).toEqual([]);
  });

  test('is known to the process that comes after, which sees at once when the App has lost the permission', async () => {
    const own = await acme.promoter({ permissions: { ...usual, workflows: 'write' } });
    const passes = new Passes(own);
    await write(own, [workflow]);
    const { status } = await passes.pass();
    const later = new Passes(restarted(own), passes.credential);
    expect((await later.pass(minuteMs)).status.scope).toEqual(status.scope);
    own.installation.permissions = usual;
    expect(readyOf((await later.pass(11 * minuteMs)).status)).toMatch(
      /^False PermissionsMissing: the App lacks workflows:write;/,
    );
  });

  test('is written down daily at most', async () => {
    const own = await acme.promoter({ permissions: { ...usual, workflows: 'write' } });
    await write(own, [workflow]);
    const before = own.clock.now();
    own.clock.advance(dayMs - 1);
    await write(own, [workflow]);
    expect(await probed(own, own.credential)).toMatchObject({ needs: [{ ...need, time: before }] });
    own.clock.advance(1);
    await write(own, [workflow]);
    expect(await probed(own, own.credential)).toMatchObject({ needs: [{ time: own.clock.now() }] });
  });

  test('is forgotten after a week in which none did', async () => {
    const own = await acme.promoter({ permissions: { ...usual, workflows: 'write' } });
    await write(own, [workflow]);
    own.clock.advance(7 * dayMs - 1);
    expect(await probed(own, own.credential)).toHaveProperty('needs');
    own.clock.advance(1);
    expect(await probed(own, own.credential)).not.toHaveProperty('needs');
  });

  test.each([
    ['of what no promotion takes', { permission: 'administration:write' }],
    ['of a time that has not come', { time: '2999-01-01T00:00:00Z' }],
  ])('is not believed of a status that tells %s', async (_, forged) => {
    const own = await acme.promoter();
    const needs = [
      { ...need, time: new Date(own.clock.now().getTime() - minuteMs).toISOString(), ...forged },
    ];
    const status = { scope: { verdict: 'Least' as const, granted: [], needs } };
    expect(await probed(own, { ...own.credential, status })).not.toHaveProperty('needs');
  });
});
