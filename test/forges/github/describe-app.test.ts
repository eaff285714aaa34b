import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import type { AppKey } from '../../../src/forges/identity.ts';
import { refusal, type Answer, type Asked } from '../scripted.ts';
import { call, failureOf, withForge } from './opened.ts';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const key: AppKey = { appId: '1400101', privateKey: new Secret(pem) };
const app = {
  id: 1400101,
  slug: 'acme-promoter',
};

/** GitHub's rules for a JWT's times, at that time. */
function takesJwtsAt(theirs: Date): (asked: Asked) => Answer {
  return (asked) => {
    const { iat, exp } = claimsOf(asked);
    const seconds = theirs.getTime() / 1_000;
    const headers = { date: theirs.toUTCString() };
    return iat <= seconds && exp > seconds && exp <= seconds + 600
      ? { headers, body: app }
      : refusal(401, "'Expiration time' claim ('exp') is too far in the future", { headers });
  };
}

interface Claims {
  readonly iat: number;
  readonly exp: number;
  readonly iss: string;
}

/** The claims of a request's JWT, if the key signed it. */
function claimsOf({ headers }: Asked, publicKey = createPublicKey(pem)): Claims {
  const [head = '', claims = '', signature = ''] = (headers.authorization ?? '')
    .replace('Bearer ', '')
    .split('.');
  if (!verify('sha256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url')))
    throw new Error('not signed');
  return JSON.parse(Buffer.from(claims, 'base64url').toString()) as Claims; // what we sent ourselves
}

describe('an App', () => {
  test('speaks with a JWT that its key signed', async () => {
    await withForge(
      () => ({ body: { ...app, installations_count: 3 } }),
      async ({ identity, asked }) => {
        const before = Math.floor(Date.now() / 1_000);
        expect(await identity.describeApp(key, call())).toEqual({
          login: 'acme-promoter[bot]',
          id: '1400101',
          installations: 3,
        });
        const [request] = asked;
        if (request === undefined) throw new Error('nothing was asked');
        const { iat, exp, iss } = claimsOf(request);
        expect(iss).toBe('1400101');
        // Issued a minute ago, in whole seconds, and within the ten minutes from then that GitHub allows also where its clock is a minute behind.
        expect(iat).toBeGreaterThanOrEqual(before - 61);
        expect(iat).toBeLessThanOrEqual(Math.floor(Date.now() / 1_000) - 60);
        expect(exp - iat).toBeLessThanOrEqual(600);
        expect(request.headers.authorization?.startsWith('Bearer ')).toBe(true);
      },
    );
  });

  test.each(['pkcs1', 'pkcs8'] as const)('may have its key in %s', async (type) => {
    const privateKey = new Secret(keys.privateKey.export({ type, format: 'pem' }).toString());
    await withForge(
      (asked) => (claimsOf(asked).iss === '1400101' ? { body: app } : refusal(401, 'Bad credentials')),
      async ({ identity }) => {
        expect(await identity.describeApp({ ...key, privateKey }, call())).toMatchObject({ id: '1400101' });
      },
    );
  });

  test.each([
    ['five minutes ahead', 300_000, 1],
    ['ten minutes ahead', 600_000, 2],
    ['five minutes behind', -300_000, 2],
    ['half a minute ahead', 30_000, 1],
    ['half a minute behind', -30_000, 1],
  ])('whose clock is wrong speaks by the clock of the forge, which is %s', async (_, aheadMs, requests) => {
    const ours = new Date('2026-11-24T10:00:00Z');
    const theirs = new Date(ours.getTime() + aheadMs);
    await withForge(
      takesJwtsAt(theirs),
      async ({ identity, asked }) => {
        expect(await identity.describeApp(key, call())).toMatchObject({ login: 'acme-promoter[bot]' });
        expect(asked).toHaveLength(requests);
        // Once known, the difference costs nothing any more.
        await identity.describeApp(key, call());
        expect(asked).toHaveLength(requests + 1);
      },
      { now: () => ours },
    );
  });

  test('whose clock was set right again is asked for the difference anew', async () => {
    let theirs = new Date('2026-11-24T10:10:00Z');
    await withForge(
      (asked) => takesJwtsAt(theirs)(asked),
      async ({ identity, asked }) => {
        await identity.describeApp(key, call());
        theirs = new Date('2026-11-24T10:00:00Z');
        await identity.describeApp(key, call());
        await identity.describeApp(key, call());
        expect(asked).toHaveLength(5);
      },
      { now: () => new Date('2026-11-24T10:00:00Z') },
    );
  });

  test('is told of the clocks when a forge that differs does not tell its own', async () => {
    await withForge(
      () =>
        refusal(
          401,
          "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
          { headers: { date: 'no date' } },
        ),
      async ({ identity, asked }) => {
        expect(await failureOf(identity.describeApp(key, call()))).toMatchObject({
          code: 'Unauthorized',
          message:
            "github.com does not accept the time in the App's JWT; set this cluster's clock right, or the forge's",
        });
        expect(asked).toHaveLength(1);
      },
    );
  });

  test('that the forge does not have is told so, whatever was asked for', async () => {
    const repository = { owner: 'acme', name: 'fleet' };
    await withForge(
      () => refusal(404, 'Integration not found'),
      async ({ identity, asked }) => {
        const why = {
          code: 'Unauthorized',
          message:
            "github.com knows no App of this id; give the App's own appId, and make sure that it was not deleted",
        };
        expect(await failureOf(identity.describeApp(key, call()))).toMatchObject(why);
        expect(await failureOf(identity.findInstallation(key, { repository }, call()))).toMatchObject(why);
        expect(asked).toHaveLength(2);
      },
    );
  });

  test("whose key is another App's is told so, after one request", async () => {
    await withForge(
      () =>
        refusal(401, 'A JSON web token could not be decoded', {
          headers: { date: new Date().toUTCString() },
        }),
      async ({ identity, asked }) => {
        expect(await failureOf(identity.describeApp(key, call()))).toMatchObject({
          code: 'Unauthorized',
          message:
            "github.com does not accept the App's key; give the App's own appId and a private key that it still has",
        });
        expect(asked).toHaveLength(1);
      },
    );
  });
});
