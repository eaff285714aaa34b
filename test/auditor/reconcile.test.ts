import { beforeEach, describe, expect, test } from '@jest/globals';
import type { AuditedCredential } from '../../src/auditor/audited.ts';
import type { CrossChecked } from '../../src/auditor/cross-check.ts';
import { AccessReconciler, type Found, type Writable } from '../../src/auditor/reconcile.ts';
import type { AccessReport } from '../../src/auditor/report.ts';
import { Tally } from '../../src/auditor/tally.ts';
import type { CredentialAccess } from '../../src/api/credential.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { controller, other, report } from './seen.ts';

const key = 'apps/promoter';
const signal = new AbortController().signal;
const hour = 3_600_000;
const sixHours = 6 * hour;

let stored: AuditedCredential | undefined;
let rules: AccessReport;
let checked: CrossChecked;
/** What the API server fails with when it is asked. */
let failing: Error | undefined;
let doubt: string | undefined;
let doubtOfOthers: string | undefined;
let now: Date;
let written: { readonly to: Writable; readonly access: CredentialAccess }[];
let forgotten: string[];
let tally: Tally;
let unanswered: KubeError[];
let reconciler: AccessReconciler;

function credential(
  change: { version?: string; access?: CredentialAccess; secret?: string } = {},
): AuditedCredential {
  const { version = '10', access, secret = 'key' } = change;
  return {
    metadata: { name: 'promoter', namespace: 'apps', uid: 'a', resourceVersion: version },
    spec: { token: { secretRef: { name: secret } } },
    ...(access === undefined ? {} : { status: { access } }),
  };
}

beforeEach(() => {
  stored = credential();
  rules = report();
  checked = { kind: 'known', againMs: sixHours };
  doubt = undefined;
  doubtOfOthers = undefined;
  now = new Date('2026-11-25T12:00:00Z');
  written = [];
  forgotten = [];
  tally = new Tally();
  unanswered = [];
  failing = undefined;
  reconciler = new AccessReconciler({
    credential: () => stored,
    controller,
    audit: () => rules,
    doubt: () => doubt,
    doubtOfOthers: () => doubtOfOthers,
    trustsAuthorizers: false,
    crossCheck: {
      of: () => (failing === undefined ? Promise.resolve(checked) : Promise.reject(failing)),
      forget: (each) => void forgotten.push(each),
    },
    clock: { now: () => now },
    write: (to, access) => {
      written.push({ to, access });
      return Promise.resolve('20');
    },
    onAnswer: (each: string, found: Found | undefined) => tally.note(each, found),
    onNoReview: (error) => void unanswered.push(error),
  });
});

const pass = (asked = signal) => reconciler.reconcile(key, asked);
const later = (ms: number): void => void (now = new Date(now.getTime() + ms));
/** The cache has come to hold what was written. */
function heard(): void {
  const { access } = written.at(-1) ?? {};
  stored = credential({ version: '20', ...(access === undefined ? {} : { access }) });
}

test('says what it found, and looks again in an hour', async () => {
  expect(await pass()).toEqual({ requeueAfterMs: hour });
  expect(written).toEqual([
    {
      to: { metadata: credential().metadata, secret: 'key', before: undefined },
      access: {
        verdict: 'Exclusive',
        secret: 'key',
        checkedTime: '2026-11-25T12:00:00Z',
        message: 'nobody but the controller and the baseline can reach Secret key',
        others: 0,
        elsewhere: 0,
        paths: [],
        baseline: ['Group system:masters, to which the API server refuses nothing'],
      },
    },
  ]);
});

describe('the same answer', () => {
  test('is not written again before an hour has passed, and then for its time', async () => {
    await pass();
    heard();
    later(hour - 1_000);
    expect(await pass()).toEqual({ requeueAfterMs: 1_000 });
    expect(written).toHaveLength(1);
    later(1_000);
    await pass();
    expect(written.map(({ access }) => access.checkedTime)).toEqual([
      '2026-11-25T12:00:00Z',
      '2026-11-25T13:00:00Z',
    ]);
  });

  test('is not written again while the cache does not hold it yet', async () => {
    await pass();
    await pass();
    expect(written).toHaveLength(1);
  });

  test('is written where somebody took it away', async () => {
    await pass();
    stored = credential({ version: '30' });
    await pass();
    expect(written).toHaveLength(2);
  });

  test('is written anew where its time is of the future', async () => {
    await pass();
    heard();
    later(-hour);
    await pass();
    expect(written).toHaveLength(2);
  });
});

test('another answer is written at once, over the one that was there', async () => {
  await pass();
  heard();
  rules = report({ others: [other()] });
  later(1_000);
  await pass();
  expect(written[1]).toMatchObject({
    to: { metadata: { resourceVersion: '20' }, before: { verdict: 'Exclusive' } },
    access: { verdict: 'Shared', others: 1 },
  });
});

test('what the API server contradicts for the first time is not said, and asked again soon', async () => {
  checked = { kind: 'unsure', againMs: 3_000 };
  expect(await pass()).toEqual({ requeueAfterMs: 3_000 });
  expect(written).toEqual([]);
});

test.each([
  ['the API server contradicts', () => (checked = { kind: 'known', againMs: sixHours, doubt: 'it does' })],
  ['is made of what could not be read', () => (doubt = 'it does')],
])('what %s is Unknown', async (_, arrange) => {
  arrange();
  await pass();
  expect(written[0]?.access).toMatchObject({ verdict: 'Unknown', message: 'it does' });
});

describe('where the API server does not say whether it decides by its rules', () => {
  const forbidden = new KubeError('Forbidden', 'cannot create subjectaccessreviews');

  test('who is let in by a rule is told of at once, and asked about again in a minute', async () => {
    await pass();
    heard();
    rules = report({ others: [other()] });
    failing = forbidden;
    expect(await pass()).toEqual({ requeueAfterMs: 60_000 });
    expect(written[1]?.access).toMatchObject({ verdict: 'Shared', others: 1 });
    expect(unanswered).toEqual([forbidden]);
  });

  test.each([
    ['Forbidden', "see whether the auditor's ClusterRole is as the chart has it"],
    ['Unavailable', 'see the log of the auditor'],
  ] as const)('that nobody else is let in is Unknown (%s)', async (code, next) => {
    failing = new KubeError(code, 'no answer');
    expect(await pass()).toEqual({ requeueAfterMs: 60_000 });
    expect(written[0]?.access).toMatchObject({
      verdict: 'Unknown',
      message: `no rule lets in anybody else, and the API server does not say whether anything else does (SubjectAccessReview: ${code}); ${next}`,
    });
    heard();
    failing = undefined;
    await pass();
    expect(written[1]?.access.verdict).toBe('Exclusive');
  });

  test('nothing is said by a pass that has to end, nor for what is no fault of the API server', async () => {
    failing = forbidden;
    await expect(pass(AbortSignal.abort())).rejects.toBe(forbidden);
    failing = new TypeError('of ours');
    await expect(pass()).rejects.toBe(failing);
    expect([written, unanswered]).toEqual([[], []]);
  });
});

test('where the API server has another authorizer it is Unknown that there is nobody, and known who there is', async () => {
  doubtOfOthers = 'it may let in others';
  await pass();
  heard();
  rules = report({ others: [other()] });
  await pass();
  expect(written.map(({ access: { verdict, message } }) => [verdict, message])).toEqual([
    ['Unknown', 'it may let in others'],
    ['Shared', expect.stringMatching(/^1 other can reach Secret key/)],
  ]);
});

test('looks again when the API server is to be asked again', async () => {
  checked = { kind: 'known', againMs: 20_000 };
  expect(await pass()).toEqual({ requeueAfterMs: 20_000 });
});

test('a Credential that is gone is forgotten', async () => {
  rules = report({ others: [other(), other({ class: 'Indirect' })] });
  await pass();
  expect(tally.facts()).toEqual({
    verdicts: { Exclusive: 0, Shared: 1, Exposed: 0, Unknown: 0 },
    others: { Read: 1, Overwrite: 0, Indirect: 1 },
  });
  expect(reconciler.dependence(key)).toBeDefined();
  stored = undefined;
  expect(await pass()).toEqual({});
  expect(forgotten).toEqual([key]);
  expect(reconciler.dependence(key)).toBeUndefined();
  expect(tally.facts().verdicts).toMatchObject({ Shared: 0 });
});

test('one of the same name that came in its place is not taken for it', async () => {
  await pass();
  stored = { ...credential(), metadata: { ...credential().metadata, uid: 'b' } };
  await pass();
  expect(written[1]?.to).toMatchObject({ metadata: { uid: 'b', resourceVersion: '10' }, before: undefined });
});

test('what cannot be believed is looked at again in a minute, since nobody says when it can be', async () => {
  doubt = 'it does not hear of changes';
  expect(await pass()).toEqual({ requeueAfterMs: 60_000 });
  heard();
  doubt = undefined;
  await pass();
  expect(written.map(({ access }) => access.verdict)).toEqual(['Unknown', 'Exclusive']);
});
