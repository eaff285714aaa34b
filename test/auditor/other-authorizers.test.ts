import { beforeEach, expect, test } from '@jest/globals';
import { OtherAuthorizers } from '../../src/auditor/other-authorizers.ts';
import { KubeError } from '../../src/kube/errors.ts';
import type { Request } from '../../src/kube/transport/transport.ts';

const hour = 3_600_000;
const complete = { status: { incomplete: false, resourceRules: [], nonResourceRules: [] } };
const incomplete = (evaluationError: string) => ({ status: { incomplete: true, evaluationError } });
const webhook = incomplete('webhook authorizer does not support user rule resolution');
const refused = new KubeError('Forbidden', 'no');

const another =
  'no rule lets in anybody else, but the API server has another authorizer than RBAC, which may; if you trust it, set auditor.otherAuthorizers to Trusted';
const silent = (code: string): string =>
  `no rule lets in anybody else, and the API server does not say whether it has another authorizer than RBAC (SelfSubjectRulesReview: ${code}); see the log of the auditor`;

let asked: Request[];
let waits: number[];
let changes = 0;
let troubles: unknown[];

beforeEach(() => {
  asked = [];
  waits = [];
  changes = 0;
  troubles = [];
});

/** What is doubted after each of some answers, one after another. */
async function doubtsBy(answers: readonly unknown[]): Promise<readonly (string | undefined)[]> {
  const left = [...answers];
  const doubts: (string | undefined)[] = [];
  const isOver = Promise.withResolvers<void>();
  let now = 0;
  const others = new OtherAuthorizers({
    transport: {
      call: (request) => {
        asked.push(request);
        const answer = left.shift();
        return answer instanceof KubeError ? Promise.reject(answer) : Promise.resolve(answer);
      },
    },
    namespace: 'lockkeeper-system',
    clock: { now: () => new Date(now) },
    onChange: () => (changes += 1),
    onTrouble: (thrown) => troubles.push(thrown),
    wait: (ms, signal) => {
      doubts.push(others.doubt());
      waits.push(ms);
      now += ms;
      if (left.length > 0) return Promise.resolve();
      isOver.resolve();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  });
  await others.start(new AbortController().signal);
  await isOver.promise;
  await others.stop();
  return doubts;
}

test('an API server that knows all that we may do has no other authorizer, and is asked again in an hour', async () => {
  expect(await doubtsBy([complete])).toEqual([undefined]);
  expect(asked).toMatchObject([
    {
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
      body: { kind: 'SelfSubjectRulesReview', spec: { namespace: 'lockkeeper-system' } },
    },
  ]);
  expect(Math.abs((waits[0] ?? 0) - hour)).toBeLessThanOrEqual(hour / 10);
});

test('a role of ours that is not there is no other authorizer', async () => {
  expect(await doubtsBy([{ status: { incomplete: false, evaluationError: 'role not found' } }])).toEqual([
    undefined,
  ]);
});

test('one that does not has another, which comes and goes, and is told of each time', async () => {
  expect(await doubtsBy([complete, webhook, webhook, complete])).toEqual([
    undefined,
    `${another} (webhook authorizer does not support user rule resolution)`,
    `${another} (webhook authorizer does not support user rule resolution)`,
    undefined,
  ]);
  expect(changes).toBe(3); // nothing was known before
});

test('of what it says no more is shown than fits in a line', async () => {
  expect(await doubtsBy([incomplete(''), incomplete(`a\n\u001b[31m${'b'.repeat(300)}`)])).toEqual([
    another,
    expect.stringMatching(/ \(a \[31mb+…\)$/),
  ]);
});

test('it is not known before the first answer, and asked again in a minute', async () => {
  expect(await doubtsBy([refused, { status: {} }, complete])).toEqual([
    silent('Forbidden'),
    silent('Malformed'),
    undefined,
  ]);
  expect(troubles).toEqual([refused, expect.objectContaining({ code: 'Malformed' })]);
  for (const ms of waits.slice(0, 2)) expect(ms).toBeLessThanOrEqual(66_000);
});

test('an answer outlives silence: that there is none for six hours, that there is one for ever', async () => {
  const silence = Array.from({ length: 500 }, () => refused);
  const none = await doubtsBy([complete, ...silence]);
  expect([none[200], none.at(-1)]).toEqual([undefined, silent('Forbidden')]);
  expect(new Set(await doubtsBy([webhook, ...silence])).size).toBe(1);
});
