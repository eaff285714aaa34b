import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { revisionOf } from '../../src/base/revision.ts';
import {
  branchOf,
  codeSpan,
  proposalOf,
  readTrailers,
  type Promotion,
} from '../../src/proposing/proposal.ts';

const promotion: Promotion = {
  instance: 'blue',
  namespace: 'apps',
  pipeline: 'podinfo',
  environment: 'staging',
  source: { name: 'dev', since: '2026-11-22T08:00:00Z' },
  revision: revisionOf({ version: '6.2.0' }),
  app: 'HelmRelease podinfo',
};
const change = { path: 'apps/podinfo/staging/release.yaml', line: 12, from: '6.1.0', to: '6.2.0' };

test('a pull request says what moves, why, and what merging and closing it do', () => {
  const { branch, title, body, commitMessage } = proposalOf(promotion, { changes: [change] });
  expect({ branch, title }).toEqual({
    branch: 'promotion/apps/podinfo/staging',
    title: 'Promote apps/podinfo in staging to 6.2.0',
  });
  expect(body.split('\n').slice(0, 5)).toEqual([
    'HelmRelease podinfo runs `6.2.0` in dev, healthy since 2026-11-22T08:00:00Z.',
    '',
    '| file | now | promoted |',
    '| --- | --- | --- |',
    '| `apps/podinfo/staging/release.yaml:12` | `6.1.0` | `6.2.0` |',
  ]);
  expect(commitMessage).toBe(
    [
      'Promote apps/podinfo in staging to 6.2.0',
      '',
      'HelmRelease podinfo runs 6.2.0 in dev, healthy since 2026-11-22T08:00:00Z.',
      '',
      'Lockkeeper-Instance: blue',
      'Lockkeeper-Environment: apps/podinfo/staging',
      `Lockkeeper-Key: ${promotion.revision.key}`,
      '',
    ].join('\n'),
  );
});

test('a commit of ours tells whose it is', () => {
  expect(readTrailers(proposalOf(promotion, { changes: [change] }).commitMessage)).toEqual({
    instance: 'blue',
    environment: 'apps/podinfo/staging',
    key: promotion.revision.key,
  });
  expect(readTrailers('Fix it\n\nLockkeeper-Instance: blue\n\nbut not in the last paragraph')).toEqual({});
});

test('no two environments share a branch', () => {
  const dash = branchOf({ namespace: 'a-b', pipeline: 'c', environment: 'd' });
  expect(dash).not.toBe(branchOf({ namespace: 'a', pipeline: 'b-c', environment: 'd' }));
});

test('a thousand changes are not a thousand lines', () => {
  const warning = { path: change.path, line: 3, message: 'this is no marker' };
  const { body } = proposalOf(promotion, {
    changes: Array.from({ length: 1000 }, () => change),
    warnings: Array.from({ length: 1000 }, () => warning),
  });
  expect(body).toContain('| and 950 more | | |');
  expect(body).toContain('- and 990 more');
  expect(body.length).toBeLessThan(10_000);
});

describe('a value from a manifest is shown as it is and does nothing', () => {
  test.each([
    ['`', '`` ` ``'],
    ['a`b``c', '``` a`b``c ```'],
    ['', '`  `'],
    ['x|y', '`x\\|y`'],
    ['line\nbreak', '`line break`'],
  ])('%j', (text, span) => {
    expect(codeSpan(text)).toBe(span);
  });

  test('whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const span = codeSpan(text);
        const fence = /^`+/.exec(span)?.[0] ?? '';
        const inside = span.slice(fence.length, -fence.length);
        // The run of backticks that ends a code span must be as long as the one that begins it.
        expect(inside.match(/`+/g) ?? []).not.toContain(fence);
        expect(span).not.toMatch(/[\r\n]/);
      }),
    );
  });
});
