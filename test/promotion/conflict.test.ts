import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { minuteMs, startAcme, type Acme } from '../credentials/promoter.ts';
import { releaseManifest, releasePath } from '../sandbox/fleet.ts';
import { branch, Stage } from './stage.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

/** A pull request for 6.2.0, and a hotfix of the very line that it changes. */
async function conflicting(): Promise<Stage> {
  const own = new Stage(acme, await acme.promoter());
  own.run('dev', '6.2.0');
  await own.settle();
  const hotfix = { [releasePath('staging')]: releaseManifest('staging', '6.1.5') };
  await acme.forge.commitFiles(own.own.fullName, 'main', hotfix, 'Fix staging');
  return own;
}

test('a pull request that conflicts with its base is made anew upon it', async () => {
  const own = await conflicting();
  const { fullName } = own.own;
  const [first] = own.pullRequests();
  const before = first?.headOid;
  // The forge finds out when it is asked for the first time, and tells when it is asked again.
  for (let minutes = 0; minutes < 3; minutes += 1) await own.settle(minuteMs);

  expect(own.pullRequests()).toHaveLength(1);
  const { number, headOid } = own.pullRequests()[0] ?? { number: 0, headOid: '' };
  expect(headOid).not.toBe(before);
  expect(acme.forge.branch(fullName, branch)).toBe(headOid);
  const { diff } = await acme.forge.diffOf(acme.forge.pullRequest(fullName, number));
  expect(diff.split('\n').filter((line) => /^[-+](?![-+])/.test(line))).toEqual([
    '-      version: 6.1.5 # {"$promotion": "apps:podinfo:staging"}',
    '+      version: 6.2.0 # {"$promotion": "apps:podinfo:staging"}',
  ]);
  const { url } = own.staging.promotion?.pullRequest ?? { url: '' };
  expect(own.staging.promotion).toMatchObject({ phase: 'Proposed', commit: headOid });
  expect(own.staging.promotion?.pullRequest).toEqual({ number, url, state: 'Open' });
  await acme.forge.merge(fullName, number);
});

test('while nothing may be promoted the conflict stands in status, and the pull request is left alone', async () => {
  const own = await conflicting();
  const [before] = own.pullRequests();
  const head = before?.headOid;
  own.fail('dev', '6.2.0');
  for (let minutes = 0; minutes < 3; minutes += 1) await own.settle(minuteMs);
  expect(own.staging.promotion?.pullRequest).toMatchObject({ state: 'Open', conflicts: true });
  expect(own.waiting).toMatch(/^AppUnhealthy: /);
  expect(own.pullRequests()[0]?.headOid).toBe(head);
});
