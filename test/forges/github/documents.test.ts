import { schema } from '@octokit/graphql-schema';
import { expect, test } from '@jest/globals';
import { buildSchema, parse, validate } from 'graphql';
import { Secret } from '../../../src/base/secret.ts';
import { refusal, type Asked } from '../scripted.ts';
import { call, failureOf, id, token, withForge } from './opened.ts';

test("every query is one that GitHub's own schema allows, and none is put together from what users write", async () => {
  const repository = { id: 'R_1', base: null, head: null, ref: null, path0: null, b0: null };
  const strange = '") { injected } #';
  const sent: Asked[] = [];
  await withForge(
    ({ url, body }) => {
      if (url !== '/graphql') return refusal(403, 'Resource not accessible by integration');
      if (body.includes('mutation')) return { body: { errors: [{ type: 'STALE_DATA', message: 'moved' }] } };
      return { body: { data: { repository, viewer: { login: 'a' } } } };
    },
    async ({ forge, identity, asked }) => {
      await forge.deleteBranch({ branch: strange, from: id('a') }, call());
      await forge.look({ baseBranch: strange, headBranch: strange, paths: [strange] }, call());
      await failureOf(forge.readBlobs([id('a'), id('b')], call()));
      await failureOf(identity.describeToken(new Secret(token), { repository: forge.repository }, call()));
      sent.push(...asked.filter(({ url }) => url === '/graphql'));
    },
  );
  const github = buildSchema(schema.idl, { assumeValid: true });
  const queries = sent.map(({ json }) => (json as { query: string }).query); // our own requests
  expect(queries.map((query) => /^(query|mutation) \w+/.exec(query)?.[0])).toEqual([
    'query Id',
    'mutation Move',
    'query Find',
    'query Look',
    'query Blobs',
    'query Viewer',
  ]);
  for (const query of queries) {
    expect(query).not.toContain('injected');
    // A rename is not followed: the names that may be used are written down.
    if (query.includes('repository(')) expect(query).toContain('followRenames: false');
    expect(validate(github, parse(query)).map(({ message }) => message)).toEqual([]);
  }
});
