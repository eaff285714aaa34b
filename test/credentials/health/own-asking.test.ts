import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addMs } from '../../../src/base/time.ts';
import type { ListedForge } from '../../../src/credentials/listed-forge.ts';
import { Passes } from './passes.ts';
import { minuteMs, startAcme, tokenCredential, type Acme, type Promoter } from '../promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

/** As GitLab and Gitea do, to whom each question with a token is a use of it. @param usedAt before the first question */
function countingQuestions({ clock }: Promoter, usedAt?: Date): ListedForge {
  const { connection, provider } = acme.listed;
  let lastUsed = usedAt;
  return {
    connection,
    provider: {
      ...provider,
      identity: (to) => {
        const identity = provider.identity(to);
        return {
          ...identity,
          describeToken: async (...asked) => {
            const facts = await identity.describeToken(...asked);
            const told = lastUsed;
            lastUsed = clock.now();
            return told === undefined ? facts : { ...facts, lastUsed: { time: told, precision: '±30 s' } };
          },
        };
      },
    },
  };
}

test('our own questions are not shown as a use by somebody else, not after a restart either', async () => {
  const own = await acme.promoter();
  own.secrets.put('apps/acme-promoter', { token: acme.person('hedy', own) });
  const forge = countingQuestions(own);
  const keyring = own.keyringOf(new Map([['github.com', forge]]));
  const passes = new Passes({ ...own, keyring }, tokenCredential(own.fullName));
  for (let times = 0; times < 12; times += 1) {
    const { status } = await passes.pass(11 * minuteMs);
    expect([status.valid, status.lastUsed]).toEqual(['True', undefined]);
  }
  const next = own.keyringOf(new Map([['github.com', forge]]));
  const restarted = new Passes({ ...own, keyring: next }, passes.credential);
  expect((await restarted.pass(11 * minuteMs)).status.lastUsed).toBeUndefined();
});

test('that others may have used it between them is said where the token itself is told', async () => {
  const own = await acme.promoter();
  own.secrets.put('apps/acme-promoter', { token: acme.person('alan', own) });
  const keyring = own.keyringOf(new Map([['github.com', countingQuestions(own)]]));
  const passes = new Passes({ ...own, keyring }, tokenCredential(own.fullName));
  await passes.pass();
  expect((await passes.pass(11 * minuteMs)).status).toMatchObject({
    lastUsedUnknown:
      'github.com tells the last use alone, and our own checks are uses to it: what others do between two of them is not seen',
  });
});

test("a use from before we asked is somebody else's, and stays shown", async () => {
  const own = await acme.promoter();
  own.secrets.put('apps/acme-promoter', { token: acme.person('grace', own) });
  const usedAt = addMs(own.clock.now(), -5 * minuteMs);
  const keyring = own.keyringOf(new Map([['github.com', countingQuestions(own, usedAt)]]));
  const passes = new Passes({ ...own, keyring }, tokenCredential(own.fullName));
  const time = `${usedAt.toISOString().slice(0, 19)}Z`;
  for (let times = 0; times < 3; times += 1)
    expect((await passes.pass(11 * minuteMs)).status.lastUsed).toMatchObject({ source: 'Forge', time });
});
