import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/base/secret.ts';
import type { AppKey } from '../../../src/forges/forge.ts';
import { refusal, type Answer, type Asked } from '../scripted.ts';
import { call, failureOf, token, withForge } from './opened.ts';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const key: AppKey = { appId: '1400101', privateKey: new Secret(pem) };
const fleet = { owner: 'acme', name: 'fleet' };

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

const installation = {
  id: 52,
  permissions: { contents: 'write', metadata: 'read' },
  repository_selection: 'selected',
  suspended_at: null,
};

describe('an App', () => {
  test('speaks with a JWT that its key signed', async () => {
    await withForge(
      () => ({ body: { id: 1400101, slug: 'acme-promoter' } }),
      async ({ identity, asked }) => {
        expect(await identity.describeApp(key, call())).toEqual({
          login: 'acme-promoter[bot]',
          id: '1400101',
        });
        const [request] = asked;
        if (request === undefined) throw new Error('nothing was asked');
        const { iat, exp, iss } = claimsOf(request);
        expect(iss).toBe('1400101');
        expect(exp - iat).toBe(600);
        expect(request.headers.authorization?.startsWith('Bearer ')).toBe(true);
      },
    );
  });

  test('whose clock is wrong speaks by the clock of the forge', async () => {
    const theirs = new Date(Date.now() + 3_600_000);
    await withForge(
      (asked) => {
        const { iat, exp } = claimsOf(asked);
        const seconds = theirs.getTime() / 1_000;
        return iat <= seconds && exp > seconds && exp <= seconds + 600
          ? { body: { id: 1400101, slug: 'acme-promoter' } }
          : refusal(401, "'Expiration time' claim ('exp') is too far in the future", {
              headers: { date: theirs.toUTCString() },
            });
      },
      async ({ identity, asked }) => {
        expect(await identity.describeApp(key, call())).toMatchObject({ login: 'acme-promoter[bot]' });
        expect(asked).toHaveLength(2);
      },
    );
  });

  test("whose key is another App's is told so, after one request", async () => {
    await withForge(
      () => refusal(401, 'A JSON web token could not be decoded'),
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

describe('the installation on a repository', () => {
  test('is found by the repository', async () => {
    await withForge(
      () => ({ body: installation }),
      async ({ identity, asked }) => {
        expect(await identity.findInstallation(key, fleet, call())).toEqual({
          id: '52',
          permissions: ['contents:write', 'metadata:read'],
          repositorySelection: 'selected',
        });
        expect(asked.map(({ url }) => url)).toEqual(['/repos/acme/fleet/installation']);
      },
    );
  });

  test.each<[string, Answer, Partial<AppKey>, RegExp]>([
    [
      'not there',
      refusal(404, 'Not Found'),
      {},
      /does not have the App on acme\/fleet; install it there, or correct the name$/,
    ],
    [
      'suspended',
      { body: { ...installation, suspended_at: '2026-01-01T00:00:00Z' } },
      {},
      /has suspended the App's installation on acme\/fleet; unsuspend it there$/,
    ],
    [
      'another one than the key names',
      { body: installation },
      { installationId: '51' },
      /installation 51 is not the one that acme\/fleet has at github.com, which is 52; correct installationId/,
    ],
  ])('NotInstalled when it is %s', async (_, answer, more, message) => {
    await withForge(
      () => answer,
      async ({ identity }) => {
        expect(await failureOf(identity.findInstallation({ ...key, ...more }, fleet, call()))).toMatchObject({
          code: 'NotInstalled',
          message: expect.stringMatching(message),
        });
      },
    );
  });
});

describe('minting', () => {
  const request = {
    key,
    installation: '52',
    repositories: ['fleet'],
    permissions: ['contents:write', 'pull_requests:write'],
  };
  const minted = {
    token,
    expires_at: '2026-11-24T11:00:00Z',
    permissions: { contents: 'write', pull_requests: 'write', metadata: 'read' },
    repository_selection: 'selected',
    repositories: [{ id: 1, name: 'fleet' }],
  };

  test('asks for one repository and two permissions and gets no more', async () => {
    await withForge(
      () => ({ status: 201, body: minted }),
      async ({ identity, asked }) => {
        const { token: got, ...rest } = await identity.mintToken(request, call());
        expect(got.expose()).toBe(token);
        expect(rest).toEqual({
          expiresAt: new Date('2026-11-24T11:00:00Z'),
          permissions: ['contents:write', 'metadata:read', 'pull_requests:write'],
          repositories: 1,
        });
        expect(asked.map(({ method, url, json }) => ({ method, url, json }))).toEqual([
          {
            method: 'POST',
            url: '/app/installations/52/access_tokens',
            json: { repositories: ['fleet'], permissions: { contents: 'write', pull_requests: 'write' } },
          },
        ]);
      },
    );
  });

  test.each([{ repositories: [] }, { permissions: [] }])(
    'nothing is sent for an empty list, which GitHub reads as "all": %j',
    async (empty) => {
      await withForge(
        () => ({ status: 201, body: minted }),
        async ({ identity, asked }) => {
          expect(await failureOf(identity.mintToken({ ...request, ...empty }, call()))).toMatchObject({
            code: 'Refused',
          });
          expect(asked).toEqual([]);
        },
      );
    },
  );

  test.each([
    ['another repository', { repositories: [{ name: 'fleet' }, { name: 'secrets' }] }],
    ['all repositories', { repository_selection: 'all' }],
    ['another permission', { permissions: { contents: 'write', administration: 'write' } }],
    ['a higher level', { permissions: { contents: 'admin' } }],
  ])('a token for %s is revoked and not given out', async (_, wider) => {
    await withForge(
      ({ method }) =>
        method === 'DELETE' ? { status: 204 } : { status: 201, body: { ...minted, ...wider } },
      async ({ identity, asked }) => {
        const failure = await failureOf(identity.mintToken(request, call()));
        expect(failure).toMatchObject({
          code: 'Malformed',
          message: 'github.com minted a token for more than was asked for; it is not used',
        });
        expect(
          asked.slice(1).map(({ method, url, headers }) => [method, url, headers.authorization]),
        ).toEqual([['DELETE', '/installation/token', `Bearer ${token}`]]);
      },
    );
  });

  test('a token for too much is not given out when it cannot be revoked either', async () => {
    await withForge(
      ({ method }) =>
        method === 'DELETE'
          ? { status: 500, body: '' }
          : { status: 201, body: { ...minted, repository_selection: 'all' } },
      async ({ identity }) => {
        expect(await failureOf(identity.mintToken(request, call()))).toMatchObject({ code: 'Malformed' });
      },
    );
  });

  test.each<[string, Answer, string, RegExp]>([
    [
      'a permission that was not granted',
      refusal(422, 'The permissions requested are not granted to this installation.'),
      'PermissionsMissing',
      /has not granted the App contents:write and pull_requests:write; grant that in the App's settings and accept it where it is installed$/,
    ],
    [
      'a repository that the App is not on',
      refusal(
        422,
        'There is at least one repository that does not exist or is not accessible to the parent installation.',
      ),
      'NotInstalled',
      /does not have fleet in installation 52 of the App; add it there$/,
    ],
    [
      'an installation that is gone',
      refusal(404, 'Not Found'),
      'NotInstalled',
      /knows no installation 52 of the App; install the App/,
    ],
    [
      'an installation that is suspended',
      refusal(403, 'This installation has been suspended'),
      'NotInstalled',
      /suspended the App's installation; unsuspend it there$/,
    ],
    [
      "a key that is not the App's",
      refusal(401, 'A JSON web token could not be decoded'),
      'Unauthorized',
      /does not accept the App's key/,
    ],
  ])('%s', async (_, answer, code, message) => {
    await withForge(
      () => answer,
      async ({ identity }) => {
        expect(await failureOf(identity.mintToken(request, call()))).toMatchObject({
          code,
          message: expect.stringMatching(message),
        });
      },
    );
  });

  test('two Apps with the same installation id on two hosts get different tokens, also at once', async () => {
    const answerWith = (which: string) => async (): Promise<Answer> => {
      await new Promise((resolve) => setImmediate(resolve));
      return { status: 201, body: { ...minted, token: `ghs_${which.repeat(40)}` } };
    };
    await withForge(answerWith('a'), async ({ identity: first }) => {
      await withForge(answerWith('b'), async ({ identity: second }) => {
        const other = { ...request, key: { appId: '7', privateKey: key.privateKey } };
        const both = await Promise.all([first.mintToken(request, call()), second.mintToken(other, call())]);
        expect(both.map(({ token: each }) => each.expose())).toEqual([
          `ghs_${'a'.repeat(40)}`,
          `ghs_${'b'.repeat(40)}`,
        ]);
      });
    });
  });
});

describe('revoking', () => {
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
});
