import { expect, test } from '@jest/globals';
import { call, id, withForge } from './opened.ts';

const query = {
  baseBranch: 'main',
  headBranch: 'promotion/apps/podinfo/staging',
  paths: ['apps/podinfo', './charts/', 'gone', 'vendored', 'a.yaml'],
};

const headCommit = {
  oid: id('c'),
  tree: { oid: id('d') },
  parents: { nodes: [{ oid: id('a') }] },
  message: 'Promote',
  author: { email: '1+acme-promoter[bot]@users.noreply.github.com', user: null },
  signature: { isValid: true, wasSignedByGitHub: true },
};

const repository = {
  id: 'R_1',
  base: { target: { oid: id('a'), tree: { oid: id('b') } } },
  path0: { __typename: 'Tree', oid: id('1') },
  path1: { __typename: 'Tree', oid: id('2') },
  path2: null,
  path3: { __typename: 'Commit', oid: id('3') },
  path4: { __typename: 'Blob', oid: id('4') },
  head: {
    target: headCommit,
    associatedPullRequests: {
      nodes: [
        {
          number: 5,
          url: 'u5',
          title: 'a fork',
          body: '',
          headRefOid: id('9'),
          baseRefName: 'main',
          isCrossRepository: true,
        },
        {
          number: 7,
          url: 'u7',
          title: 'T',
          body: 'B',
          headRefOid: id('c'),
          baseRefName: 'main',
          isCrossRepository: false,
        },
      ],
    },
  },
};

test('one request answers everything that a promotion has to know first', async () => {
  await withForge(
    () => ({ body: { data: { repository } } }),
    async ({ forge, asked }) => {
      expect(await forge.look(query, call())).toEqual({
        base: { commit: id('a'), tree: id('b') },
        paths: [
          { path: 'apps/podinfo', entry: { kind: 'tree', oid: id('1') } },
          { path: 'charts', entry: { kind: 'tree', oid: id('2') } },
          { path: 'gone' },
          { path: 'vendored' },
          { path: 'a.yaml', entry: { kind: 'blob', oid: id('4') } },
        ],
        head: {
          commit: id('c'),
          tree: id('d'),
          parents: [id('a')],
          message: 'Promote',
          authorLogin: 'acme-promoter[bot]',
          verified: true,
        },
        pullRequests: [
          {
            number: 7,
            url: 'u7',
            state: 'Open',
            title: 'T',
            body: 'B',
            headCommit: id('c'),
            headBranch: 'promotion/apps/podinfo/staging',
            baseBranch: 'main',
          },
        ],
      });
      expect(asked).toHaveLength(1);
      expect(asked[0]?.json).toMatchObject({
        variables: {
          base: 'refs/heads/main',
          head: 'refs/heads/promotion/apps/podinfo/staging',
          path0: 'refs/heads/main:apps/podinfo',
          path1: 'refs/heads/main:charts',
        },
      });
    },
  );
});

test('without paths the root of the base is the only place to look', async () => {
  await withForge(
    () => ({ body: { data: { repository: { id: 'R_1', base: repository.base, head: null } } } }),
    async ({ forge }) => {
      for (const paths of [[], ['.']]) {
        expect(await forge.look({ ...query, paths }, call())).toEqual({
          base: { commit: id('a'), tree: id('b') },
          paths: [{ path: '', entry: { kind: 'tree', oid: id('b') } }],
          pullRequests: [],
        });
      }
    },
  );
});

test('a branch that does not exist is a fact', async () => {
  await withForge(
    () => ({ body: { data: { repository: { id: 'R_1', base: null, path0: null, head: null } } } }),
    async ({ forge }) => {
      expect(await forge.look({ ...query, paths: ['apps'] }, call())).toEqual({
        paths: [{ path: 'apps' }],
        pullRequests: [],
      });
    },
  );
});

test.each([
  [
    'GitHub did not sign it',
    { ...headCommit, signature: { isValid: true, wasSignedByGitHub: false } },
    false,
    'acme-promoter[bot]',
  ],
  [
    'the signature is not valid',
    { ...headCommit, signature: { isValid: false, wasSignedByGitHub: true } },
    false,
    'acme-promoter[bot]',
  ],
  ['nobody signed it', { ...headCommit, signature: null }, false, 'acme-promoter[bot]'],
  [
    'a person made it',
    { ...headCommit, author: { email: 'ada@example.com', user: { login: 'ada' } } },
    true,
    'ada',
  ],
  [
    "an address that is nobody's",
    { ...headCommit, author: { email: 'acme-promoter[bot]@example.com', user: null } },
    true,
    undefined,
  ],
  ['no author', { ...headCommit, author: null }, true, undefined],
])('whose commit it is: %s', async (_, target, verified, authorLogin) => {
  const head = { target, associatedPullRequests: { nodes: [] } };
  await withForge(
    () => ({ body: { data: { repository: { id: 'R_1', base: repository.base, head } } } }),
    async ({ forge }) => {
      const found = await forge.look({ ...query, paths: [] }, call());
      expect(found.head).toMatchObject({ verified });
      expect(found.head?.authorLogin).toBe(authorLogin);
    },
  );
});
