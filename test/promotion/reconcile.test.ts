import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { revisionOf } from '../../src/base/revision.ts';
import { Secret } from '../../src/base/secret.ts';
import { toTimestamp } from '../../src/base/time.ts';
import { minuteMs, startAcme, type Acme } from '../credentials/promoter.ts';
import { fleetFiles } from '../sandbox/fleet.ts';
import { branch, Stage } from './stage.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

async function stage(): Promise<Stage> {
  return new Stage(acme, await acme.promoter());
}

/** A stage with an open pull request for 6.2.0. */
async function proposed(): Promise<Stage> {
  const own = await stage();
  own.run('dev', '6.2.0');
  await own.settle();
  own.asked();
  return own;
}

const look = 'GET /repos/{owner}/{repo}/pulls/{pull_number}';
const mint = 'POST /app/installations/{installation_id}/access_tokens';

test('a version is proposed, merged, arrives, and people hear of each step once', async () => {
  const own = await proposed();
  const [{ number } = { number: 0 }] = own.pullRequests();
  const url = `${acme.forge.urls.web}/${own.own.fullName}/pull/${number}`;
  expect(own.waiting).toBe(`PullRequestOpen: pull request #${number} for 6.2.0: ${url}`);
  expect(own.staging.promotion).toMatchObject({
    phase: 'Proposed',
    verified: true,
    repository: `github.com/${own.own.fullName}`,
    branch,
    pullRequest: { number, url, state: 'Open' },
  });
  await acme.forge.merge(own.own.fullName, number);
  await own.settle(minuteMs);
  expect(own.waiting).toMatch(/^Merged: 6\.2\.0 was merged at \d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);
  // After an hour it is said that it does not arrive.
  const { until } = own.staging.waiting ?? {};
  expect(Date.parse(until ?? '') - Date.parse(own.staging.promotion?.since ?? '')).toBe(60 * minuteMs);
  own.run('staging', '6.2.0');
  await own.settle(minuteMs);
  expect(own.staging).toMatchObject({
    revision: { version: '6.2.0' },
    promotion: { phase: 'Promoted', pullRequest: { state: 'Merged' } },
  });
  expect(own.waiting).toBe('');
  expect(own.condition('Ready')).toBe('True UpToDate');
  expect(own.said).toEqual([
    `Normal PullRequestOpen: staging: pull request for 6.2.0 is open (${url})`,
    `Normal Merged: staging: 6.2.0 is merged (${url})`,
    'Normal UpToDate: staging runs 6.2.0',
  ]);
});

test('the commit stands in status before the branch moves to it', async () => {
  const own = await stage();
  const moves: [string, string | undefined][] = [];
  acme.forge.onBranchMove(own.own.fullName, branch, (head) =>
    moves.push([head, own.staging.promotion?.commit]),
  );
  own.run('dev', '6.2.0');
  await own.settle();
  own.run('dev', '6.3.0');
  await own.settle();
  expect(moves).toHaveLength(2);
  for (const [head, recorded] of moves) expect(recorded).toBe(head);
});

test('a pass that finds nothing new writes nothing, sends nothing and says nothing', async () => {
  const own = await proposed();
  const before = { written: own.written.length, said: own.said.length };
  for (let seconds = 1; seconds < 60; seconds += 7) await own.pass(1_000);
  expect({ written: own.written.length, said: own.said.length }).toEqual(before);
  expect(own.asked()).toEqual([]);
});

test('a secret in what others say is taken out of status, once and for all', async () => {
  const own = await proposed();
  const token = new Secret('planted-Zq8Wn4Xv7Rb2Kd9T').expose();
  own.run('staging', '6.1.0', {
    ready: { status: 'True', reason: 'UpgradeSucceeded', message: `pulled with ${token}` },
  });
  await own.pass();
  expect(JSON.stringify(own.stored.status)).toContain('pulled with [redacted]');
  expect(JSON.stringify(own.written)).not.toContain('Zq8W');
  const { length } = own.written;
  for (let seconds = 1; seconds < 60; seconds += 20) await own.pass(1_000);
  expect(own.written).toHaveLength(length);
});

test('an open pull request is looked at once a minute, however many passes there are', async () => {
  const own = await proposed();
  const next = await own.settle();
  expect(next).toBeGreaterThan(0);
  expect(next).toBeLessThanOrEqual(minuteMs);
  for (let seconds = 0; seconds < 300; seconds += 5) await own.settle(5_000);
  expect(own.asked()).toEqual(Array.from({ length: 5 }, () => look));
});

test('looking at a pull request of which something else is to be said repeats no event and writes no status', async () => {
  const own = await proposed();
  own.fail('dev', '6.2.0');
  await own.settle();
  expect(own.waiting).toMatch(/^AppUnhealthy: /);
  const before = { written: own.written.length, said: [...own.said] };
  expect(before.said.filter((line) => line.startsWith('Warning'))).toHaveLength(1);
  for (let minutes = 0; minutes < 5; minutes += 1) await own.settle(minuteMs);
  expect(own.asked()).toContain(look);
  expect(own.said).toEqual(before.said);
  // The time of the last use moves with the looks; nothing else does.
  const [first, ...later] = own.written.slice(before.written - 1).map(({ environments }) => environments);
  for (const environments of later) expect(environments).toEqual(first);
});

describe('a pull request that a person closes', () => {
  async function closed(): Promise<Stage> {
    const own = await proposed();
    acme.forge.close(own.own.fullName, own.pullRequests()[0]?.number ?? 0);
    await own.settle(minuteMs);
    return own;
  }

  test('bars its version, which is not proposed again', async () => {
    const own = await closed();
    expect(own.waiting).toMatch(/^PullRequestClosed: .*release another revision$/);
    expect(own.staging.barred).toEqual([revisionOf({ version: '6.2.0' }).key]);
    own.asked();
    for (let minutes = 0; minutes < 5; minutes += 1) await own.settle(minuteMs);
    expect(own.asked()).toEqual([]);
    own.restart();
    await own.settle();
    expect(own.pullRequests()).toHaveLength(1);
  });

  test('leaves the next version as it is: proposed', async () => {
    const own = await closed();
    own.run('dev', '6.3.0');
    await own.settle();
    expect(
      own
        .pullRequests()
        .filter(({ state }) => state === 'open')
        .map(({ title }) => title),
    ).toEqual(['Promote apps/podinfo in staging to 6.3.0']);
  });
});

describe('when the environment has arrived before anybody looked', () => {
  test('a merge costs one look and no token that may write', async () => {
    const own = await proposed();
    await acme.forge.merge(own.own.fullName, own.pullRequests()[0]?.number ?? 0);
    // Times of conditions have whole seconds: this one seems to be from before the pull request was opened.
    own.run('staging', '6.2.0');
    await own.settle();
    expect(own.asked()).toEqual([look]);
    expect(own.staging.promotion?.phase).toBe('Promoted');
  });

  test('by another way, the pull request is closed with a comment that says so', async () => {
    const own = await proposed();
    own.run('staging', '6.2.0');
    await own.settle(1_000);
    const [pullRequest] = own.pullRequests();
    expect(pullRequest?.state).toBe('closed');
    expect(pullRequest?.comments.map(({ body }) => body)).toEqual([
      'staging already runs 6.2.0: it arrived by another way, so there is nothing left to merge.',
    ]);
    expect(own.staging.promotion).toMatchObject({ phase: 'Promoted', pullRequest: { state: 'Closed' } });
    expect(own.staging.barred).toBeUndefined();
    const asked = own.asked();
    expect(asked.filter((route) => route === look)).toHaveLength(1);
    expect(asked.filter((route) => route === mint)).toHaveLength(1);
  });
});

test('a Pipeline that moves to another repository leaves the pull request alone that has its number there', async () => {
  const own = await proposed();
  const other = await acme.promoter();
  const theirs = new Stage(acme, other);
  theirs.run('dev', '7.0.0');
  await theirs.settle();
  expect(theirs.pullRequests()[0]?.number).toBe(own.pullRequests()[0]?.number);
  own.moveTo(other);
  own.run('staging', '6.2.0');
  own.run('dev', '6.2.0');
  for (let minutes = 0; minutes < 3; minutes += 1) await own.settle(minuteMs);
  expect(theirs.pullRequests().map(({ state, comments }) => ({ state, comments }))).toEqual([
    { state: 'open', comments: [] },
  ]);
  expect(own.staging.promotion).toBeUndefined();
});

test('the open pull request follows when spec names another base branch', async () => {
  const own = await proposed();
  await acme.forge.commitFiles(own.own.fullName, 'release', fleetFiles('6.1.0'), 'Release');
  own.changeSpec((spec) => {
    const pullRequest = spec.promotion?.strategy?.pullRequest;
    if (pullRequest === undefined) throw new Error('the Pipeline has no strategy');
    const strategy = { pullRequest: { ...pullRequest, baseBranch: 'release' } };
    return { ...spec, promotion: { ...spec.promotion, strategy } };
  });
  await own.settle();
  expect(own.pullRequests().map(({ state, baseBranch }) => [state, baseBranch])).toEqual([
    ['open', 'release'],
  ]);
  expect(own.staging.promotion).toMatchObject({ phase: 'Proposed', baseBranch: 'release' });
  own.asked();
  await own.settle(1_000);
  expect(own.asked()).toEqual([]);
});

test('the credential of a Pipeline is shown with who it is and when this Pipeline last used it', async () => {
  const own = await proposed();
  const lastUsed = toTimestamp(own.own.clock.now());
  expect(own.stored.status?.credential).toMatchObject({ name: 'acme-promoter', valid: 'Unknown', lastUsed });
  expect(own.condition('CredentialHealthy')).toBe('Unknown Unknown');
  const ready = {
    type: 'Ready',
    status: 'False' as const,
    reason: 'PermissionsMissing',
    message: 'the App lacks pull_requests:write',
    lastTransitionTime: '2026-11-25T08:00:00Z',
    observedGeneration: 1,
  };
  own.credential = {
    ...own.own.credential,
    status: { valid: 'True', owner: { login: 'acme-promoter[bot]', type: 'Bot' }, conditions: [ready] },
  };
  await own.settle();
  expect(own.condition('CredentialHealthy')).toBe('False PermissionsMissing');
  expect(own.stored.status?.credential).toMatchObject({ owner: 'acme-promoter[bot]', valid: 'True' });
  own.credential = undefined;
  await own.settle();
  expect(own.condition('CredentialHealthy')).toBe('False CredentialNotFound');
});
