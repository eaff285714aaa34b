import { expect, test } from '@jest/globals';
import type { Credential, CredentialStatus } from '../../src/api/credential.ts';
import { Keyring } from '../../src/credentials/keyring.ts';
import { CredentialReconciler } from '../../src/credentials/health/reconcile.ts';
import { Uses } from '../../src/credentials/health/uses.ts';
import { describeToken as describeGitea } from '../../src/forges/gitea/describe-token.ts';
import { describeToken as describeGitlab } from '../../src/forges/gitlab/describe-token.ts';
import { providers } from '../../src/forges/index.ts';
import { call, failureOf } from '../forges/github/opened.ts';
import { recorded, recordedAt, withProbe } from '../forges/probing.ts';
import { Secrets } from './promoter.ts';

const host = 'git.acme.example';
const forges = {
  gitlab: { apiPath: '/api/v4', token: `glpat-${'Xy12Zz34Ab56Cd78Ef90'}`, describeToken: describeGitlab },
  gitea: {
    apiPath: '/api/v1',
    token: '0123456789abcdef0123456789abcdef89abcdef',
    describeToken: describeGitea,
  },
};

interface Seen {
  readonly status: CredentialStatus;
  /** What comes of a Pipeline that would use it. */
  readonly opened: unknown;
  /** Paths that the forge was asked for. */
  readonly asked: readonly string[];
}

/** What is seen of a Credential whose Secret holds a token of a forge that answers as recorded. */
async function seenOf(provider: keyof typeof forges, recording: string): Promise<Seen> {
  const { token } = forges[provider];
  const answers = recorded(`${provider}/recorded/${recording}.json`);
  const seen: Seen[] = [];
  await withProbe({ provider, answers, ...forges[provider] }, async ({ connection, asked }) => {
    const clock = { now: () => recordedAt };
    const secrets = new Secrets();
    secrets.put('apps/promoter', { token });
    const uses = new Uses(clock, () => {});
    let credential: Credential = {
      metadata: { namespace: 'apps', name: 'promoter', uid: 'u', resourceVersion: '1', generation: 1 },
      spec: { host, repositories: ['acme/fleet'], token: { secretRef: { name: 'promoter' } } },
    };
    const keyring = new Keyring({
      forges: new Map([[host, { connection, provider: providers[provider] }]]),
      readSecret: secrets.read,
      credential: () => undefined,
      observes: () => undefined,
      uses,
      clock,
      onUnrevoked: () => {},
    });
    const reconciler = new CredentialReconciler({
      keyring,
      credential: () => credential,
      uses,
      clock,
      writePermissions: () => providers[provider].permissions.write,
      warningDays: [14, 7, 1],
      overPrivileged: () => [],
      announce: () => {},
      writeStatus: (_, status) => {
        credential = { ...credential, status };
        return Promise.resolve('2');
      },
    });
    await reconciler.reconcile('apps/promoter', call().signal);
    const repository = { owner: 'acme', name: 'fleet' };
    const purpose = { pipeline: 'apps/podinfo', environment: 'staging', host, repository, protected: false };
    const opened = await failureOf(keyring.open(credential, purpose, call()));
    seen.push({ status: credential.status ?? {}, opened, asked: asked.map(({ url }) => url) });
  });
  const [only] = seen;
  if (only === undefined) throw new Error('nothing was seen');
  expect(JSON.stringify(only)).not.toContain(token);
  return only;
}

test("a Credential on a GitLab shows all that is known of a project's token, and promotes nothing yet", async () => {
  const { status, opened, asked } = await seenOf('gitlab', 'project');
  expect(status).toMatchObject({
    kind: 'ProjectToken',
    owner: { login: 'project_278964_bot_3f6f7a8b2c9d4e5f6a7b8c9d0e1f2a3b', type: 'Bot', id: '901' },
    valid: 'True',
    checkedTime: '2026-11-25T10:00:00Z',
    expiryTime: '2027-01-31T00:00:00Z',
    scope: { verdict: 'Least', granted: ['api'] },
    rate: { limit: 2000, remaining: 1993, resetTime: '2026-11-26T09:41:00Z' },
    tokenHash: expect.stringMatching(/^[\w+/]{43}=$/),
    conditions: expect.arrayContaining([
      expect.objectContaining({ type: 'Ready', status: 'True', reason: 'Healthy' }),
    ]),
  });
  expect(opened).toMatchObject({
    code: 'Refused',
    message: expect.stringContaining('promotions on GitLab, as git.acme.example is one, are not supported'),
  });
  // Nothing but the probe.
  expect(new Set(asked)).toEqual(new Set(['/api/v4/personal_access_tokens/self', '/api/v4/user']));
});

test('a Credential on a GitLab shows when somebody else used a token of a person', async () => {
  const { status } = await seenOf('gitlab', 'personal');
  expect(status).toMatchObject({
    kind: 'PersonalAccessToken',
    owner: { login: 'ada', type: 'User' },
    scope: { verdict: 'Broad', surplus: ['api'] },
    lastUsed: { time: '2026-11-25T09:40:12Z', source: 'Forge', precision: '±10 min' },
  });
});

test('a Credential on a GitLab tells of a token that was revoked', async () => {
  const { status } = await seenOf('gitlab', 'revoked');
  expect(status).toMatchObject({
    valid: 'False',
    conditions: expect.arrayContaining([
      expect.objectContaining({
        type: 'Ready',
        status: 'False',
        reason: 'Revoked',
        message: 'git.acme.example says that the token was revoked; replace it',
      }),
    ]),
  });
});

test('a Credential on a Gitea shows all that is known of a token', async () => {
  const { status, asked } = await seenOf('gitea', 'exact');
  expect(status).toMatchObject({
    kind: 'PersonalAccessToken',
    owner: { login: 'promoter', type: 'Unknown', id: '7' },
    valid: 'True',
    scope: { verdict: 'Least', granted: ['write:repository', 'write:issue', 'read:user'] },
    lastUsed: { time: '2026-11-25T09:58:30Z', source: 'Forge', precision: '±30 s' },
  });
  expect(new Set(asked)).toEqual(new Set(['/api/v1/user', '/api/v1/users/promoter/tokens?limit=50&page=1']));
});

test('a Credential on a Gitea says what its token lacks', async () => {
  const { status } = await seenOf('gitea', 'no-issues');
  expect(status).toMatchObject({
    scope: { verdict: 'Insufficient', lacking: ['write:issue'] },
    conditions: expect.arrayContaining([
      expect.objectContaining({ type: 'Ready', status: 'False', reason: 'PermissionsMissing' }),
    ]),
  });
});
