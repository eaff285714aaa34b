import { expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import { refusal } from '../scripted.ts';
import { call, failureOf, token, withForge } from './opened.ts';

test('ends the token itself', async () => {
  await withForge(
    () => ({ status: 204 }),
    async ({ identity, asked }) => {
      await identity.revokeToken(new Secret(token), call());
      expect(
        asked.map(({ method, url, headers }) => ({ method, url, authorization: headers.authorization })),
      ).toEqual([{ method: 'DELETE', url: '/installation/token', authorization: `Bearer ${token}` }]);
    },
  );
});

test('a token that is not known yet is alive: it is tried again', async () => {
  await withForge(
    (_, count) => (count === 1 ? refusal(401, 'Bad credentials') : { status: 204 }),
    async ({ identity, asked }) => {
      await identity.revokeToken(new Secret(token), call());
      expect(asked).toHaveLength(2);
    },
  );
});

test('a token that stays unknown counts as revoked', async () => {
  await withForge(
    () => refusal(401, 'Bad credentials'),
    async ({ identity }) => {
      await expect(identity.revokeToken(new Secret(token), call())).resolves.toBeUndefined();
    },
  );
});

test('a forge that fails is reported', async () => {
  await withForge(
    () => ({ status: 500, body: '' }),
    async ({ identity }) => {
      expect(await failureOf(identity.revokeToken(new Secret(token), call()))).toMatchObject({
        code: 'Unavailable',
      });
    },
  );
});
