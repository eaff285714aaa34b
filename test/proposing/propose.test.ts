import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Secret } from '../../src/base/secret.ts';
import { startAcme, type Acme } from '../credentials/promoter.ts';
import { releaseManifest } from '../sandbox/fleet.ts';
import { git } from '../sandbox/forge/git/run-git.ts';
import { Stage } from './stage.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

async function stage(): Promise<Stage> {
  return new Stage(acme, await acme.promoter());
}

const mint = 'POST /app/installations/{installation_id}/access_tokens';
const revoke = 'DELETE /installation/token';

test('a proposal is one pull request whose one commit changes the marked value and nothing else', async () => {
  const own = await stage();
  const base = own.base();
  const { commit, pullRequest } = await own.propose('6.2.0');
  expect(await own.fileAt(own.branch)).toBe(releaseManifest('staging', '6.2.0'));
  expect(own.open()).toHaveLength(1);
  expect(own.open()[0]).toMatchObject({
    number: pullRequest.number,
    title: 'Promote apps/podinfo in staging to 6.2.0',
    headBranch: own.branch,
    headOid: commit.sha,
    baseBranch: 'main',
  });
  const { diff } = await acme.forge.diffOf(acme.forge.pullRequest(own.own.fullName, pullRequest.number));
  expect(diff.split('\n').filter((line) => /^[-+](?![-+])/.test(line))).toEqual([
    '-      version: 6.1.0 # {"$promotion": "apps:podinfo:staging"}',
    '+      version: 6.2.0 # {"$promotion": "apps:podinfo:staging"}',
  ]);
  expect(own.base()).toBe(base);
});

test('it takes five requests, mint and revoke apart, once the files are known', async () => {
  const own = await stage();
  // Another environment of the same repository has made them known.
  await own.propose('6.2.0', { promotion: { environment: 'prod' } });
  own.asked();
  await own.propose('6.2.0');
  expect(own.asked()).toEqual([
    'POST /graphql repository',
    mint,
    'POST /repos/{owner}/{repo}/git/trees',
    'POST /repos/{owner}/{repo}/git/commits',
    'POST /graphql updateRefs',
    'POST /repos/{owner}/{repo}/pulls',
    revoke,
  ]);
});

test('and six when the base has moved since', async () => {
  const own = await stage();
  await own.propose('6.2.0');
  await own.merge();
  own.asked();
  await own.propose('6.3.0');
  const asked = own.asked().filter((route) => route !== mint && route !== revoke);
  expect(asked).toHaveLength(6);
  expect(asked[1]).toBe('GET /repos/{owner}/{repo}/compare/{basehead}');
});

test('running again gives the same commit and pull request, by one look and without a token that may write', async () => {
  const own = await stage();
  const first = await own.propose('6.2.0');
  own.asked();
  expect(await own.propose('6.2.0')).toEqual(first);
  expect(own.asked()).toEqual(['POST /graphql repository']);
});

test('a branch that was moved just before the end of a process lacks its pull request alone', async () => {
  const own = await stage();
  acme.forge.faults.add({ graphql: 'updateRefs', effect: { kind: 'lostAnswer' } });
  await expect(own.run('6.2.0')).rejects.toMatchObject({ code: 'Unavailable' });
  const head = own.head();
  own.asked();
  expect((await own.propose('6.2.0')).commit.sha).toBe(head);
  expect(own.asked()).toEqual(['POST /graphql repository', mint, 'POST /repos/{owner}/{repo}/pulls', revoke]);
});

test('a person who changes title or body is put right by changing the pull request alone', async () => {
  const own = await stage();
  const { commit, pullRequest } = await own.propose('6.2.0');
  const before = acme.forge.pullRequest(own.own.fullName, pullRequest.number);
  const { title, body } = before;
  before.title = 'Something else';
  own.asked();
  expect((await own.propose('6.2.0')).commit.sha).toBe(commit.sha);
  expect(own.asked()).toEqual([
    'POST /graphql repository',
    mint,
    'PATCH /repos/{owner}/{repo}/pulls/{pull_number}',
    revoke,
  ]);
  expect(own.open()[0]).toMatchObject({ title, body });
});

describe('a commit', () => {
  test("of an App is the forge's to sign, and said to be verified", async () => {
    const own = await stage();
    const { commit, pullRequest } = await own.propose('6.2.0');
    expect(commit.verified).toBe(true);
    const { verified } = await acme.forge.diffOf(
      acme.forge.pullRequest(own.own.fullName, pullRequest.number),
    );
    expect(verified).toBe(true);
  });

  test("of a person's token is not, and that is said too", async () => {
    const own = await stage();
    own.useToken('grace');
    expect((await own.propose('6.2.0')).commit.verified).toBe(false);
  });
});

describe('a newer version', () => {
  test('takes the place of the older one in the same pull request, by one move from the old head', async () => {
    const own = await stage();
    const first = await own.propose('6.2.0');
    own.asked();
    const second = await own.propose('6.3.0');
    expect(own.asked().filter((route) => route === 'POST /graphql updateRefs')).toHaveLength(1);
    expect(second.pullRequest.number).toBe(first.pullRequest.number);
    expect(second.commit).toMatchObject({ previous: [first.commit.sha] });
    expect(own.open()).toHaveLength(1);
    expect(own.open()[0]).toMatchObject({
      title: 'Promote apps/podinfo in staging to 6.3.0',
      headOid: second.commit.sha,
    });
    expect(await own.fileAt(own.branch)).toBe(releaseManifest('staging', '6.3.0'));
    const made = await acme.forge.world.repositories
      .require(own.own.fullName)
      .git.store.commit(second.commit.sha);
    expect(made?.parents).toEqual([own.base()]);
  });

  test('after a merge is another pull request from the same branch', async () => {
    const own = await stage();
    const first = await own.propose('6.2.0');
    await own.merge();
    const second = await own.propose('6.3.0');
    expect(second.pullRequest.number).not.toBe(first.pullRequest.number);
    expect(own.open().map(({ number }) => number)).toEqual([second.pullRequest.number]);
    expect(await own.fileAt(own.branch)).toBe(releaseManifest('staging', '6.3.0'));
  });
});

test('the branch is never where the base is, not for a moment: the forge would close the pull request for good', async () => {
  const own = await stage();
  const moves: boolean[] = [];
  acme.forge.onBranchMove(own.own.fullName, own.branch, (head) => moves.push(head === own.base()));
  await own.propose('6.2.0');
  await own.propose('6.3.0');
  await own.merge();
  await own.push({ 'README.md': 'moved on' });
  await own.propose('6.4.0');
  await own.propose('6.5.0');
  expect(moves).toEqual([false, false, false, false]);
});

describe('labels and reviewers', () => {
  /** A stage whose owner has a member that may be asked to review. */
  async function withReviewer(): Promise<{ readonly own: Stage; readonly reviewer: string }> {
    const own = await stage();
    const { owner } = own.own.repository;
    const { id, login } = acme.forge.createUser(`barbara-of-${owner}`);
    acme.forge.world.accounts.require(owner).members.add(id);
    return { own, reviewer: login };
  }

  test('are put on it and asked, and it may be a draft', async () => {
    const { own, reviewer } = await withReviewer();
    await own.propose('6.2.0', { place: { labels: ['promotion'], draft: true } });
    expect(own.open()[0]?.labels.map(({ name }) => name)).toEqual(['promotion']);
    expect(own.open()[0]?.draft).toBe(true);
    await own.propose('6.3.0', { place: { reviewers: [reviewer] } });
    expect(own.open()[0]?.reviewers.map(({ login }) => login)).toEqual([reviewer]);
  });

  test('are not forgotten when it was opened and no answer came', async () => {
    const own = await stage();
    const place = { labels: ['promotion'] };
    acme.forge.faults.add({ route: 'POST /repos/{owner}/{repo}/pulls', effect: { kind: 'lostAnswer' } });
    await expect(own.run('6.2.0', { place })).rejects.toMatchObject({ code: 'Unavailable' });
    await own.propose('6.2.0', { place });
    expect(own.open()[0]?.labels.map(({ name }) => name)).toEqual(['promotion']);
    own.asked();
    await own.propose('6.2.0', { place });
    expect(own.asked()).toEqual(['POST /graphql repository']);
  });

  test('that the forge refuses are said once, and do not keep the pull request from being one', async () => {
    const own = await stage();
    const place = { reviewers: ['nobody-there'] };
    await expect(own.run('6.2.0', { place })).rejects.toMatchObject({ code: 'Refused' });
    const { pullRequest } = await own.propose('6.2.0', { place });
    expect(own.open().map(({ number }) => number)).toEqual([pullRequest.number]);
  });
});

test('what stands in a manifest cannot speak in the pull request', async () => {
  const own = await stage();
  const hostile = '@everyone <img src=x onerror=alert(1)> [x](https://evil.example) | `a` | closes #1';
  const marked = `version: "${hostile}" # {"$promotion": "apps:podinfo:staging"}\n`;
  await own.push({ 'apps/podinfo/staging/release.yaml': marked });
  await own.propose('6.2.0');
  const row = own
    .open()[0]
    ?.body?.split('\n')
    .find((line) => line.includes('evil.example'));
  const span = '`` @everyone <img src=x onerror=alert(1)> [x](https://evil.example) \\| `a` \\| closes #1 ``';
  expect(row).toBe(`| \`apps/podinfo/staging/release.yaml:1\` | ${span} | \`6.2.0\` |`);
});

test('what looks like a marker of the environment and is none is told in the pull request, with file and line', async () => {
  const own = await stage();
  const { forge } = acme;
  const astray = 'apps/podinfo/staging/astray.yaml';
  const files = {
    [astray]: `a: 1\nb: 6.1.0 # please {"$promotion": "apps:podinfo:staging"}\n`,
    'apps/podinfo/staging/others.yaml': `b: 6.1.0 # please {"$promotion": "apps:other:staging"}\n`,
  };
  await forge.commitFiles(own.own.fullName, 'main', files, 'Mark it');
  await own.propose('6.2.0');
  const body = own.open()[0]?.body ?? '';
  expect(body).toContain(
    `Left as it is, since it marks nothing:\n\n- \`${astray}:2: this is no marker: write `,
  );
  expect(body).not.toContain('others.yaml');
});

test('no title, body or commit message holds a secret, and what was taken out is not written again', async () => {
  const own = await stage();
  const token = new Secret('planted-Zq8Wn4Xv7Rb2Kd9T').expose();
  const version = `6.2.0-${token}`;
  const promotion = { app: `HelmRelease ${token}` };
  const { commit } = await own.propose(version, { promotion });
  const [opened] = own.open();
  expect(opened?.title).toBe('Promote apps/podinfo in staging to 6.2.0-[redacted]');
  expect(opened?.body).toContain('HelmRelease [redacted] runs `6.2.0-[redacted]`');
  const { owner, name } = own.own.repository;
  const { gitDir = '' } = acme.forge.world.repositories.find(owner, name)?.repository.git ?? {};
  const message = (await git(gitDir, ['log', '-1', '--format=%B', commit.sha])).toString();
  expect(message).toContain('HelmRelease [redacted] runs');
  for (const text of [opened?.title, opened?.body, message]) expect(text).not.toContain('Zq8W');
  own.asked();
  await own.propose(version, { promotion });
  expect(own.asked()).toEqual(['POST /graphql repository']);
});
