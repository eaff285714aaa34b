import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ListedForge } from '../../../src/credentials/listed-forge.ts';
import type { TokenFacts } from '../../../src/forges/identity.ts';
import { call, failureOf } from '../../forges/github/opened.ts';
import { Passes, readyOf } from '../health/passes.ts';
import { startAcme, tokenCredential, type Acme } from '../promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

/** A forge that tells something else of a token. */
function telling(otherwise: (facts: TokenFacts) => TokenFacts): ListedForge {
  const { connection, provider } = acme.listed;
  return {
    connection,
    provider: {
      ...provider,
      identity: (to) => {
        const identity = provider.identity(to);
        return {
          ...identity,
          describeToken: async (...asked) => otherwise(await identity.describeToken(...asked)),
        };
      },
    },
  };
}

test.each<[string, (told: string, facts: TokenFacts) => TokenFacts]>([
  ['its owner', (told, facts) => ({ ...facts, owner: { ...facts.owner, login: told } })],
  ['a scope', (told, facts) => ({ ...facts, scope: { ...facts.scope, granted: [told] } })],
])(
  'a forge that gives the token, or a piece of it, as the name of %s is not believed',
  async (what, tell) => {
    for (const [count, piece] of [(token: string) => token, (token: string) => token.slice(-12)].entries()) {
      const own = await acme.promoter();
      const token = acme.person(`person-${what.replaceAll(' ', '-')}-${count}`, own);
      own.secrets.put('apps/acme-promoter', { token });
      const forge = telling((facts) => tell(piece(token), facts));
      const keyring = own.keyringOf(new Map([['github.com', forge]]));
      const passes = new Passes({ ...own, keyring }, tokenCredential(own.fullName));
      const opened = await failureOf(keyring.open(passes.credential, own.purpose, call()));
      expect(opened.message).toMatch(/repeats the token in what it tells of it/);
      const { status } = await passes.pass();
      expect(readyOf(status)).toMatch(/^False ForgeUnreachable: github\.com repeats the token/);
      expect(JSON.stringify(status)).not.toContain(piece(token));
    }
  },
);
