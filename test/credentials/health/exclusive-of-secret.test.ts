import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startAcme, type Acme } from '../promoter.ts';
import { conditionOf, Passes } from './passes.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

test('that nobody else can reach a Secret is not said of the one that takes its place', async () => {
  const own = await acme.promoter();
  const passes = new Passes(own);
  const secret = own.credential.spec.githubApp?.secretRef.name ?? '';
  passes.audited({
    verdict: 'Exclusive',
    secret,
    checkedTime: own.clock.now().toISOString(),
    message: 'nobody else',
    others: 0,
    elsewhere: 0,
    paths: [],
    baseline: [],
  });
  const exclusive = async (): Promise<string> => conditionOf((await passes.pass(1_000)).status, 'Exclusive');
  expect(await exclusive()).toBe('True Exclusive: nobody else');
  // What else changes in spec changes nothing about who can read it.
  passes.change({ repositories: [own.fullName, `${own.repository.owner}/other`] });
  expect(await exclusive()).toBe('True Exclusive: nobody else');
  passes.change({ githubApp: { secretRef: { name: 'new' } } });
  expect(await exclusive()).toBe(
    `Unknown Unknown: the auditor has not looked yet who else can reach Secret new; what it wrote is of Secret ${secret}`,
  );
});
