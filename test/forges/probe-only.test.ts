import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../src/base/secret.ts';
import { connect } from '../../src/forges/connect.ts';
import type { Connection } from '../../src/forges/connection.ts';
import { providers } from '../../src/forges/index.ts';
import { call, failureOf } from './github/opened.ts';
import { startScripted } from './scripted.ts';

const repository = { owner: 'acme', name: 'fleet' };
const key = { appId: '12', privateKey: new Secret('a key') };

describe.each([
  ['gitlab', 'GitLab'],
  ['gitea', 'Gitea or Forgejo'],
] as const)('%s', (provider, product) => {
  /** What was sent meanwhile. */
  const sentBy = async (run: (connection: Connection) => Promise<void>): Promise<number> => {
    const server = await startScripted(() => ({ body: {} }));
    const connection = connect({
      host: 'git.acme.example',
      provider,
      apiUrl: server.url,
      allowPrivateNetwork: true,
    });
    try {
      await run(connection);
      return server.asked.length;
    } finally {
      await connection.close();
      await server.close();
    }
  };

  test('opens no repository, and sends nothing', async () => {
    const sent = await sentBy(async (connection) => {
      const opening = (async () => {
        providers[provider].open(connection, repository, { value: new Secret('a token') });
      })();
      expect(await failureOf(opening)).toMatchObject({
        code: 'Refused',
        message: `promotions on ${product}, as git.acme.example is one, are not supported by this version; its credentials are probed and shown, and nothing else is sent to it`,
      });
    });
    expect(sent).toBe(0);
  });

  test('knows no Apps, and sends nothing', async () => {
    const sent = await sentBy(async (connection) => {
      const identity = providers[provider].identity(connection);
      const refused = {
        code: 'Refused',
        message: `git.acme.example is a ${product}, which knows no GitHub Apps; use token in place of githubApp`,
      };
      expect(await failureOf(identity.describeApp(key, call()))).toMatchObject(refused);
      expect(await failureOf(identity.findInstallation(key, { repository }, call()))).toMatchObject(refused);
      const request = { key, installation: '1', repositories: [{ name: 'fleet' }], permissions: ['api'] };
      expect(await failureOf(identity.mintToken(request, call()))).toMatchObject(refused);
      expect(await failureOf(identity.revokeToken(new Secret('a token'), call()))).toMatchObject(refused);
    });
    expect(sent).toBe(0);
  });

  test.each([
    [`ghp_${'a'.repeat(36)}`, 'a token of GitHub'],
    [`github_pat_${'a'.repeat(36)}`, 'a token of GitHub'],
    ['ATATT3xFfGF0aaaa', 'a token of Atlassian'],
    ['-----BEGIN RSA PRIVATE KEY-----', 'a key in PEM'],
    ['ssh-ed25519 AAAA', 'an SSH key'],
    [`Bearer glpat-${'a'.repeat(20)}`, 'a header and not the token alone'],
    ['https://git.acme.example', 'an address'],
    ['0123456789abcdef0123456789abcdef01234567', undefined],
    ['eyJhbGciOiJSUzI1NiJ9.eyJ0dCI6MH0.c2lnbmF0dXJl', undefined],
    [`glpat-${'a'.repeat(20)}`, provider === 'gitlab' ? undefined : 'a token of GitLab'],
  ])('takes %s for %s', (text, what) => {
    expect(providers[provider].looksForeign?.(text)).toBe(what);
  });
});
