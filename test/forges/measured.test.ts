import { expect, test } from '@jest/globals';
import { Secret } from '../../src/base/secret.ts';
import { providers } from '../../src/forges/index.ts';
import { measured, type MeasuredCall } from '../../src/forges/measured.ts';
import { call, failureOf, token, withForge } from './github/opened.ts';
import { refusal } from './scripted.ts';

test('every call of a forge and of an identity is reported, with how it ended', async () => {
  const ended: Omit<MeasuredCall, 'milliseconds'>[] = [];
  const began: string[] = [];
  let inFlight = 0;
  let most = 0;
  const provider = measured(providers.github, (name) => {
    began.push(name);
    most = Math.max(most, (inFlight += 1));
    return ({ milliseconds, ...rest }) => {
      expect(milliseconds).toBeGreaterThan(0);
      inFlight -= 1;
      ended.push(rest);
    };
  });
  const stopping = new AbortController();
  await withForge(
    ({ url }) => {
      if (url === '/repos/acme/fleet') return { body: {} };
      if (url === '/user') return { body: { login: 'ada', id: 1, type: 'User' } };
      if (url !== '/repos/acme/fleet/pulls/1') return refusal(404, 'Not Found');
      stopping.abort();
      return 'never';
    },
    async ({ connection }) => {
      const forge = provider.open(connection, { owner: 'acme', name: 'fleet' }, { value: new Secret(token) });
      expect(forge.repository).toEqual({ owner: 'acme', name: 'fleet' });
      expect(forge.supports.casMove).toBe(true);
      const described = provider
        .identity(connection)
        .describeToken(new Secret('ghp_aaaaaaaaaaaaaaaa'), { repository: forge.repository }, call());
      expect(await described).toMatchObject({ owner: { login: 'ada' } });
      expect(await failureOf(forge.pullRequest(7, call()))).toMatchObject({ code: 'NotFound' });
      await expect(forge.pullRequest(1, { signal: stopping.signal })).rejects.toMatchObject({
        name: 'AbortError',
      });
      await Promise.all([failureOf(forge.pullRequest(8, call())), failureOf(forge.pullRequest(9, call()))]);
    },
  );
  expect(began).toEqual(['describeToken', 'pullRequest', 'pullRequest', 'pullRequest', 'pullRequest']);
  expect(ended).toEqual([
    { name: 'describeToken', outcome: 'ok' },
    { name: 'pullRequest', outcome: 'NotFound' },
    { name: 'pullRequest', outcome: 'Aborted' },
    { name: 'pullRequest', outcome: 'NotFound' },
    { name: 'pullRequest', outcome: 'NotFound' },
  ]);
  expect({ inFlight, most }).toEqual({ inFlight: 0, most: 2 });
});
