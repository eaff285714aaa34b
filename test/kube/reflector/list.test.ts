import { expect, test } from '@jest/globals';
import { listPages } from '../../../src/kube/reflector/list.ts';
import type { Request } from '../../../src/kube/transport/transport.ts';

test('each page is given a minute, since a busy server takes longer over 500 objects than over one', async () => {
  const asked: Request[] = [];
  const pages = listPages(
    {
      call: async (request) => {
        asked.push(request);
        const next = asked.length < 3 ? { continue: 'next' } : {};
        return { metadata: { resourceVersion: '10', ...next }, items: [] };
      },
    },
    { group: 'canal.test', version: 'v1', plural: 'boats' },
    new AbortController().signal,
  );
  for (let page = await pages.next(); page.done !== true; page = await pages.next());
  expect(asked.map(({ timeoutMs }) => timeoutMs)).toEqual([60_000, 60_000, 60_000]);
});
