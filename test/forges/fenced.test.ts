import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { CodedError } from '../../src/base/error.ts';
import { Secret } from '../../src/base/secret.ts';
import { connect } from '../../src/forges/connect.ts';
import { fenced } from '../../src/forges/fenced.ts';
import type { Connection } from '../../src/forges/connection.ts';
import type { Forge, ForgeWriter } from '../../src/forges/forge.ts';
import type { AppKey, ForgeIdentity } from '../../src/forges/identity.ts';
import { providers } from '../../src/forges/index.ts';
import { call, failureOf, id, token, withForge } from './github/opened.ts';
import { startScripted, type Answer, type Asked } from './scripted.ts';

const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const key: AppKey = { appId: '1400101', privateKey: new Secret(pem) };

/** A fence that stands until it falls. */
class Fence {
  isDown = false;
  asked = 0;
  readonly assertHeld = (): void => {
    this.asked += 1;
    if (this.isDown) throw new CodedError('LeadershipLost', 'another replica may lead now');
  };
}

function fencedForge(connection: Connection, fence: Fence): Forge {
  return fenced(providers.github, fence.assertHeld).open(
    connection,
    { owner: 'acme', name: 'fleet' },
    { value: new Secret(token) },
  );
}

function fencedIdentity(connection: Connection, fence: Fence): ForgeIdentity {
  return fenced(providers.github, fence.assertHeld).identity(connection);
}

const newCommit = {
  parent: id('1'),
  baseTree: id('2'),
  files: [{ path: 'a.yaml', text: 'a: 1\n' }],
  message: 'Promote',
};

const writes = {
  createCommit: (forge) => forge.createCommit(newCommit, call()),
  moveBranch: (forge) => forge.moveBranch({ branch: 'promote', to: id('1') }, call()),
  deleteBranch: (forge) => forge.deleteBranch({ branch: 'promote', from: id('1') }, call()),
  openPullRequest: (forge) =>
    forge.openPullRequest(
      { headBranch: 'promote', baseBranch: 'main', title: 'Promote', body: '', draft: false },
      call(),
    ),
  updatePullRequest: (forge) => forge.updatePullRequest({ number: 1, title: 'Promote', body: '' }, call()),
  closePullRequest: (forge) => forge.closePullRequest({ number: 1, comment: 'Superseded' }, call()),
  decorate: (forge) => forge.decorate({ number: 1, labels: ['promotion'], reviewers: ['ada'] }, call()),
} satisfies Record<keyof ForgeWriter, (forge: ForgeWriter) => Promise<unknown>>;

/** GitHub as far as a commit, a pull request and a token go. */
function github({ url, method }: Asked): Answer {
  if (url.endsWith('/git/trees')) return { body: { sha: id('3') } };
  if (url.endsWith('/git/commits'))
    return { body: { sha: id('4'), verification: { verified: true, reason: 'valid' } } };
  if (url.endsWith('/access_tokens'))
    return {
      status: 201,
      body: {
        token,
        expires_at: '2026-11-25T09:00:00Z',
        permissions: { contents: 'read', metadata: 'read' },
        repository_selection: 'selected',
        repositories: [{ id: 1, name: 'fleet' }],
      },
    };
  if (method === 'DELETE') return { status: 204 };
  return { body: { login: 'ada', id: 1, type: 'User' } };
}

describe('behind a fence that is down', () => {
  test.each(Object.entries(writes))('%s sends nothing and says why', async (_name, write) => {
    const fence = new Fence();
    fence.isDown = true;
    await withForge(github, async ({ connection, asked }) => {
      expect(await failureOf(write(fencedForge(connection, fence)))).toMatchObject({
        code: 'LeadershipLost',
      });
      expect(asked).toEqual([]);
    });
  });

  test('also a write that would send nothing says so', async () => {
    const fence = new Fence();
    fence.isDown = true;
    await withForge(github, async ({ connection }) => {
      const nothing = { number: 1, labels: [], reviewers: [] };
      const writing = fencedForge(connection, fence).decorate(nothing, call());
      expect(await failureOf(writing)).toMatchObject({ code: 'LeadershipLost' });
    });
  });

  test('no token is minted that may write', async () => {
    const fence = new Fence();
    fence.isDown = true;
    await withForge(github, async ({ connection, asked }) => {
      const { write } = providers.github.permissions;
      const request = { key, installation: '52', repositories: [{ name: 'fleet' }], permissions: write };
      const minting = fencedIdentity(connection, fence).mintToken(request, call());
      expect(await failureOf(minting)).toMatchObject({ code: 'LeadershipLost' });
      expect(asked).toEqual([]);
    });
  });

  test('reading goes on, with tokens that are minted for it, and so does taking tokens back', async () => {
    const fence = new Fence();
    fence.isDown = true;
    await withForge(github, async ({ connection, asked }) => {
      const identity = fencedIdentity(connection, fence);
      const { read } = providers.github.permissions;
      await identity.mintToken(
        { key, installation: '52', repositories: [{ name: 'fleet' }], permissions: read },
        call(),
      );
      await identity.revokeToken(new Secret(token), call());
      // Read by the forge's own schema, which the answer here is not.
      expect(await failureOf(fencedForge(connection, fence).pullRequest(1, call()))).toMatchObject({
        code: 'Malformed',
      });
      expect(asked.map(({ method }) => method)).toEqual(['POST', 'DELETE', 'GET']);
      expect(fence.asked).toBe(0);
    });
  });
});

test('behind one that falls while a write waits for its connection nothing is sent, and later writes go on', async () => {
  const fence = new Fence();
  let isFirst = true;
  const server = await startScripted(github);
  const connection = connect(
    {
      host: 'github.com',
      provider: 'github',
      apiUrl: server.url.replace('127.0.0.1', 'forge.test'),
      allowPrivateNetwork: true,
    },
    {
      resolve: (_host, _options, callback) => {
        fence.isDown = isFirst;
        isFirst = false;
        callback(null, [{ address: '127.0.0.1', family: 4 }]);
      },
    },
  );
  const forge = fencedForge(connection, fence);
  expect(await failureOf(forge.createCommit(newCommit, call()))).toMatchObject({ code: 'LeadershipLost' });
  expect(server.asked).toEqual([]);
  fence.isDown = false;
  expect(await forge.createCommit(newCommit, call())).toMatchObject({ sha: id('4') });
  await connection.close();
  await server.close();
});

test('behind one that stands all is as without it', async () => {
  await withForge(github, async ({ connection }) => {
    const forge = fencedForge(connection, new Fence());
    expect(await forge.createCommit(newCommit, call())).toEqual({
      sha: id('4'),
      verified: true,
      reason: 'valid',
    });
    expect(forge.repository).toEqual({ owner: 'acme', name: 'fleet' });
    expect(forge.supports.casMove).toBe(true);
  });
});

describe('between two requests of one write', () => {
  test('it falls: the second is not sent, and that is said, not that the forge is away', async () => {
    const fence = new Fence();
    await withForge(
      (asked) => {
        fence.isDown = true;
        return github(asked);
      },
      async ({ connection, asked }) => {
        const writing = fencedForge(connection, fence).createCommit(newCommit, call());
        expect(await failureOf(writing)).toMatchObject({ code: 'LeadershipLost' });
        expect(asked.map(({ url }) => url)).toEqual(['/repos/acme/fleet/git/trees']);
      },
    );
  });

  test.each(['createCommit', 'decorate', 'closePullRequest'] as const)(
    'the signal of %s is aborted: the next is not sent',
    async (name) => {
      const stopping = new AbortController();
      const signal = { signal: stopping.signal };
      const number = 1;
      const work = {
        createCommit: (forge: Forge) => forge.createCommit(newCommit, signal),
        decorate: (forge: Forge) => forge.decorate({ number, labels: ['a'], reviewers: ['ada'] }, signal),
        closePullRequest: (forge: Forge) => forge.closePullRequest({ number, comment: 'Old' }, signal),
      }[name];
      await withForge(
        (asked) => {
          stopping.abort();
          return { body: asked.url.includes('/comments') ? [] : { sha: id('3') } };
        },
        async ({ connection, asked }) => {
          const failure = await failureOf(work(fencedForge(connection, new Fence())));
          expect(failure).toMatchObject({ name: 'AbortError' });
          expect(asked).toHaveLength(1);
        },
      );
    },
  );
});
