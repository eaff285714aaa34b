import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Passes, readyOf } from './health/passes.ts';
import { minuteMs, startAcme, tokenCredential, type Acme } from './promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

test('a token that single sign-on shuts out says where it is authorized, once, and is taken when it was', async () => {
  const own = await acme.promoter();
  const token = acme.person('grace', own);
  const { owner } = own.repository;
  acme.forge.requireSingleSignOn(owner);
  own.secrets.put('apps/acme-promoter', { token });
  const passes = new Passes(own, tokenCredential(own.fullName));
  const { status } = await passes.pass();
  expect(readyOf(status)).toBe(
    `False SSORequired: github.com takes only tokens that are authorized for the single sign-on of ${owner}; let its owner sign in at https://github.com/orgs/${owner}/sso and authorize it under Settings, Developer settings, Tokens, Configure SSO`,
  );
  // The forge names another address each time, which is no news.
  await passes.pass(2 * minuteMs);
  expect(passes.announced.filter((each) => each.includes('SSORequired'))).toHaveLength(1);
  expect(readyOf(passes.credential.status ?? {})).toBe(readyOf(status));
  acme.forge.authorizeForSingleSignOn(token, owner);
  const after = (await passes.pass(2 * minuteMs)).status;
  expect([after.valid, after.owner?.login, readyOf(after)]).toEqual([
    'True',
    'grace',
    expect.stringMatching(/^True OverScoped: scope repo opens every repository that grace may write to;/),
  ]);
});

test('a suspended installation says so until it is not', async () => {
  const own = await acme.promoter();
  const passes = new Passes(own);
  await passes.pass();
  acme.forge.suspend(own.installation);
  const { status } = await passes.pass(10 * minuteMs);
  expect(readyOf(status)).toBe(
    "False Suspended: github.com has suspended the App's installation; an owner unsuspends it in the installation's settings",
  );
  // What is known of it stays.
  expect(status.owner?.login).toBe(own.app.bot.login);
  acme.forge.unsuspend(own.installation);
  expect(readyOf((await passes.pass(2 * minuteMs)).status)).toBe('True Healthy: the forge accepts it');
});
