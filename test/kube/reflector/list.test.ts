import { expect, test } from '@jest/globals';
import { KubeError } from '../../../src/kube/errors.ts';
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

test('a page that is too large comes as one of nothing, so that whoever waits knows that the server is there', async () => {
  const limits: (string | undefined)[] = [];
  const pages = listPages(
    {
      call: async ({ query }) => {
        limits.push(query?.['limit']);
        if (Number(query?.['limit']) > 125) throw new KubeError('TooLarge', 'the answer is too large');
        return { metadata: { resourceVersion: '10' }, items: ['anna'] };
      },
    },
    { group: 'canal.test', version: 'v1', plural: 'boats' },
    new AbortController().signal,
  );
  const had: (readonly unknown[])[] = [];
  for (let page = await pages.next(); page.done !== true; page = await pages.next()) had.push(page.value);
  expect({ limits, had }).toEqual({ limits: ['500', '250', '125'], had: [[], [], ['anna']] });
});
