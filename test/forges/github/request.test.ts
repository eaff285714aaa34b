import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Secret } from '../../../src/base/secret.ts';
import type { Forge } from '../../../src/forges/forge.ts';
import { providers } from '../../../src/forges/index.ts';
import { errorFields } from '../../../src/telemetry/log.ts';
import { refusal, type Answer, type Said } from '../scripted.ts';
import { call, failureOf, id, token, withForge } from './opened.ts';

const pullRequest = {
  number: 7,
  html_url: 'https://github.com/acme/fleet/pull/7',
  state: 'open',
  merged_at: null,
  title: 'T',
  body: null,
  head: { ref: 'promotion/apps/podinfo/staging', sha: id('a'), repo: { id: 1 } },
  base: { ref: 'main', repo: { id: 1 } },
};
type Form = 'text' | 'header' | 'errors' | 'message' | 'graphql' | 'malformed';

const read = (forge: Forge, signal = new AbortController().signal): Promise<unknown> =>
  forge.pullRequest(7, { signal });

test('a request carries the token to the API alone, a pinned version and our name', async () => {
  await withForge(
    () => ({ body: pullRequest }),
    async ({ forge, asked }) => {
      await read(forge);
      expect(asked).toHaveLength(1);
      expect(asked[0]).toMatchObject({
        method: 'GET',
        url: '/repos/acme/fleet/pulls/7',
        headers: {
          authorization: `Bearer ${token}`,
          'x-github-api-version': '2022-11-28',
          'user-agent': 'lockkeeper',
        },
      });
    },
  );
});

describe('an answer that GitHub does not give is Malformed, whatever it is', () => {
  const rows: readonly [string, Answer, string][] = [
    [
      'HTML',
      { body: '<html>Please log in</html>', headers: { 'content-type': 'text/html' } },
      'it is no JSON',
    ],
    [
      'half of an answer',
      { body: '{"number": 7,', headers: { 'content-type': 'application/json' } },
      'it is no JSON',
    ],
    ['nothing', { status: 204 }, 'it has another form'],
    ['a list', { body: [] }, 'it has another form'],
    [
      'a field that is missing',
      { body: { ...pullRequest, head: { ref: 'x' } } },
      'head.sha is missing or of another kind',
    ],
    [
      'a number that is none',
      { body: { ...pullRequest, number: 1.5 } },
      'number is missing or of another kind',
    ],
    ['5 MB', { body: { ...pullRequest, title: 'x'.repeat(5_000_000) } }, 'it is too large'],
  ];
  test.each(rows)('%s', async (_, answer, why) => {
    await withForge(
      () => answer,
      async ({ forge }) => {
        expect(await failureOf(read(forge))).toMatchObject({
          code: 'Malformed',
          message: `github.com answered in a way that GitHub does not when asked to read pull request 7: ${why}; is apiURL right, and no proxy in between?`,
        });
      },
    );
  });
});

describe('a request ends', () => {
  test('when no answer comes in time', async () => {
    await withForge(
      () => 'never',
      async ({ forge }) => {
        expect(await failureOf(read(forge))).toMatchObject({
          code: 'Unavailable',
          message: 'github.com did not read pull request 7 within 0.05 s; it is tried again',
        });
      },
      { deadlineMs: 50 },
    );
  });

  test('when it is asked to, with the reason that was given', async () => {
    const controller = new AbortController();
    const reason = new Error('shutting down');
    await withForge(
      () => {
        controller.abort(reason);
        return 'never';
      },
      async ({ forge }) => {
        await expect(read(forge, controller.signal)).rejects.toBe(reason);
        await expect(read(forge, controller.signal)).rejects.toBe(reason);
      },
    );
  });

  test('when the connection breaks', async () => {
    await withForge(
      () => 'lost',
      async ({ forge, asked }) => {
        expect(await failureOf(read(forge))).toMatchObject({
          code: 'Unavailable',
          message: expect.stringMatching(
            /^github.com cannot be reached to read pull request 7 \(UND_ERR_SOCKET\); it is tried again/,
          ),
        });
        expect(asked).toHaveLength(1);
      },
    );
  });
});

test('a redirect to another origin is not followed and takes no token along', async () => {
  await withForge(
    () => ({ body: pullRequest }),
    async ({ server: elsewhere, asked: askedElsewhere }) => {
      await withForge(
        () => ({ status: 307, headers: { location: `${elsewhere.url}/repos/acme/fleet/pulls/7` }, body: {} }),
        async ({ forge }) => {
          expect(await failureOf(read(forge))).toMatchObject({
            code: 'NotFound',
            message: expect.stringMatching(/has moved/),
          });
          expect(askedElsewhere).toEqual([]);
        },
      );
    },
  );
});

describe('an unchanged pull request is asked for conditionally', () => {
  test('and 304 gives what was known', async () => {
    await withForge(
      ({ headers }) =>
        headers['if-none-match'] === '"v1"'
          ? { status: 304, headers: { etag: '"v1"' } }
          : { headers: { etag: '"v1"' }, body: pullRequest },
      async ({ forge, asked }) => {
        const first = await read(forge);
        const second = await read(forge);
        expect(second).toEqual(first);
        expect(asked.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"v1"']);
      },
    );
  });

  test('a changed one is read and known from then on', async () => {
    let title = 'old';
    await withForge(
      ({ headers }) =>
        headers['if-none-match'] === `"${title}"`
          ? { status: 304 }
          : { headers: { etag: `"${title}"` }, body: { ...pullRequest, title } },
      async ({ forge, asked }) => {
        await read(forge);
        title = 'new';
        expect(await read(forge)).toMatchObject({ title: 'new' });
        expect(await read(forge)).toMatchObject({ title: 'new' });
        expect(asked.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"old"', '"new"']);
      },
    );
  });
});

test('what one token was shown is not known to another', async () => {
  await withForge(
    () => ({ headers: { etag: '"v1"' }, body: pullRequest }),
    async ({ forge, connection, asked }) => {
      await read(forge);
      const other = { value: new Secret(`ghp_${'a'.repeat(36)}`) };
      await read(providers.github.open(connection, { owner: 'acme', name: 'fleet' }, other));
      await read(providers.github.open(connection, { owner: 'acme', name: 'fleet' }, other));
      expect(asked.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, undefined, '"v1"']);
    },
  );
});

describe('no credential is in any error', () => {
  const everything = (thrown: unknown): string => {
    const error = thrown as Error; // only printed
    return [
      inspect(error, { depth: 10, showHidden: true }),
      error.stack,
      JSON.stringify(error),
      JSON.stringify(errorFields(error)),
    ].join('\n');
  };
  const pieces = (secret: string): string[] =>
    Array.from({ length: secret.length - 11 }, (_, at) => secret.slice(at, at + 12));

  /** The ways in which a forge can say something. */
  const repeating = (words: string, status: number): Record<Form, Said> => ({
    text: { status, body: words },
    header: refusal(status, 'no', {
      headers: {
        'x-accepted-github-permissions': encodeURIComponent(words),
        'x-github-request-id': encodeURIComponent(words),
      },
    }),
    errors: refusal(status, 'no', { errors: [{ message: words, code: words, field: words }, words] }),
    message: refusal(status, words),
    graphql: { body: { errors: [{ type: words, message: words }] } },
    malformed: { body: { [words]: words, number: words } },
  });

  test('whatever the forge repeats of it', async () => {
    const echo = fc.record({
      from: fc.nat(token.length - 9),
      length: fc.integer({ min: 8, max: token.length }),
      around: fc.string({ maxLength: 20 }),
      hidden: fc.constantFrom('', '\u200b', '\u0000'),
      status: fc.constantFrom(400, 401, 403, 404, 409, 422, 429, 500),
      form: fc.constantFrom<Form>('message', 'errors', 'text', 'header', 'graphql', 'malformed'),
    });
    let said: Said = {};
    await withForge(
      () => said,
      async ({ forge }) => {
        await fc.assert(
          fc.asyncProperty(echo, async ({ from, length, around, hidden, status, form }) => {
            const piece = token.slice(from, from + length);
            const words = `${around}${piece.slice(0, 20)}${hidden}${piece.slice(20)}${around}`;
            said = repeating(words, status)[form];
            const work =
              form === 'graphql'
                ? forge.look({ baseBranch: 'main', headBranch: 'p', paths: [] }, call())
                : forge.updatePullRequest({ number: 7, title: 't', body: 'b' }, call());
            const printed = await work.then(String, everything);
            for (const each of pieces(token)) if (printed.includes(each)) throw new Error(`it holds ${each}`);
          }),
          { numRuns: 150 },
        );
      },
    );
  });

  test('nor of another one', async () => {
    const other = `ghp_${'Zz09'.repeat(9)}`;
    await withForge(
      () =>
        refusal(
          422,
          `Bad token ${other} and https://x:${other}@github.com/acme/fleet and Bearer abcdefgh12345678`,
        ),
      async ({ forge }) => {
        const { message } = await failureOf(
          forge.updatePullRequest({ number: 7, title: 't', body: 'b' }, call()),
        );
        expect(message).not.toContain(other.slice(0, 12));
        expect(message).toContain('[redacted]');
      },
    );
  });

  test('nor the key of an App', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await withForge(
      () => refusal(401, 'A JSON web token could not be decoded'),
      async ({ identity }) => {
        for (const key of [pem, pem.slice(0, 800), pem.replace(/\n/g, ' '), 'rubbish']) {
          const printed = await identity
            .describeApp({ appId: '1', privateKey: new Secret(key) }, call())
            .then(String, everything);
          expect(printed).toContain('Unauthorized');
          for (const each of key.split('\n').slice(1, -2)) expect(printed).not.toContain(each.slice(0, 12));
        }
      },
    );
  });
});
