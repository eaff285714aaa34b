import { expect, test } from '@jest/globals';
import { worstFacts } from '../../../src/credentials/health/worst-facts.ts';
import { appFacts, least, tokenFacts } from './facts.ts';

test('what it may do is as the worst of its repositories has it, what it is as the last answer', () => {
  const lacking = appFacts({ account: 'globex' }, ['contents:write']);
  const broad = appFacts({ repositorySelection: 'all' });
  const last = { ...appFacts(), rate: { limit: 5_000, remaining: 7, resetAt: new Date(0) } };
  expect(worstFacts([last, broad, lacking], last)).toEqual({ ...lacking, rate: last.rate });
  expect(worstFacts([last, broad], last)).toEqual({ ...broad, rate: last.rate });
});

test('an installation on more than spec lists is worse than one that is not, and than one that is not known', () => {
  const listed = { listed: 1, accounts: 1, listedAccounts: 1 };
  const wide = appFacts({ account: 'globex' }, [], { repositories: 200, ...listed });
  const unknown = appFacts({}, [], { repositories: { unknown: 'github.com cannot be reached' }, ...listed });
  expect(worstFacts([appFacts(), unknown], appFacts())).toEqual(unknown);
  expect(worstFacts([appFacts(), unknown, wide], appFacts())).toEqual(wide);
});

test('of a token it is the scope alone', () => {
  const scope = { ...least, verdict: 'Insufficient', lacking: ['repo'] } as const;
  const last = tokenFacts({ owner: { login: 'renamed', type: 'User' } });
  expect(worstFacts([tokenFacts({ scope }), last], last)).toEqual(
    tokenFacts({ owner: { login: 'renamed', type: 'User' }, scope }),
  );
});

test('of equals the first is shown, whichever was asked about last', () => {
  const [acme, globex] = [appFacts({ account: 'acme' }), appFacts({ account: 'globex' })];
  expect(worstFacts([acme, globex], globex)).toEqual(acme);
});
