import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fluxHelmRelease } from '../../src/engines/flux-helm-release.ts';
import { helmRelease } from './helm-release.ts';

const { project, read, remember, whyNotPromotable } = fluxHelmRelease;

describe('Objects that are no HelmRelease', () => {
  test('are waited for, with a sentence that names what is wrong', () => {
    const object = {
      ...helmRelease(),
      status: { history: [{ version: 1, status: 'deployed', chartVersion: 7 }] },
    };
    expect([read(object), read(null)]).toEqual([
      {
        kind: 'wait',
        message:
          'not a HelmRelease as Flux writes it: status.history.0.chartVersion: Invalid input: expected string, received number',
      },
      {
        kind: 'wait',
        message: 'not a HelmRelease as Flux writes it: it: Invalid input: expected object, received null',
      },
    ]);
  });

  test('keep their names in the cache', () => {
    expect(project({ ...helmRelease(), status: 'gone' })).toMatchObject({
      apiVersion: 'helm.toolkit.fluxcd.io/v2',
      kind: 'HelmRelease',
      metadata: { name: 'podinfo', namespace: 'podinfo-dev', resourceVersion: '431' },
    });
  });

  test('have a sentence of at most 256 bytes, even where they look like what the cache holds', () => {
    const { message } = read({ unreadable: 'x'.repeat(1000) });
    expect(Buffer.byteLength(message)).toBe(256);
  });

  test('a version or digest that no status could hold is not read', () => {
    const tooLong = [helmRelease({ attempted: '6'.repeat(256) }), helmRelease({ attempted: '+aaaa' })];
    expect(tooLong.map((object) => read(object).kind)).toEqual(['wait', 'wait']);
  });

  const now = new Date('2026-11-22T14:00:00Z');
  const fromSeed = (value: unknown): void => {
    const projected = project(value);
    const verdict = read(value);
    expect(read(projected)).toEqual(verdict);
    expect(JSON.parse(JSON.stringify(projected))).toEqual(projected);
    expect(Buffer.byteLength(verdict.message)).toBeLessThanOrEqual(256);
    expect(remember(projected, verdict, undefined, now)).toEqual(remember(value, verdict, undefined, now));
    whyNotPromotable(value);
  };

  test('never throw: any value', () => {
    fc.assert(fc.property(fc.anything(), fromSeed), { numRuns: 500 });
  });

  test('never throw: a HelmRelease with any value in one place', () => {
    const places = [
      [],
      ['metadata'],
      ['metadata', 'generation'],
      ['metadata', 'uid'],
      ['spec'],
      ['spec', 'chart'],
      ['spec', 'suspend'],
      ['status'],
      ['status', 'conditions'],
      ['status', 'conditions', '0'],
      ['status', 'conditions', '0', 'status'],
      ['status', 'conditions', '0', 'reason'],
      ['status', 'conditions', '0', 'message'],
      ['status', 'conditions', '0', 'lastTransitionTime'],
      ['status', 'history'],
      ['status', 'history', '0'],
      ['status', 'history', '0', 'chartVersion'],
      ['status', 'lastAttemptedRevision'],
      ['status', 'lastAttemptedGeneration'],
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })).map(asSent),
        (place, value) => {
          fromSeed(replaced(helmRelease(), place, value));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

/** What an API server sends has been JSON, in which there is no -0. */
function asSent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function replaced(into: unknown, [first, ...rest]: readonly string[], value: unknown): unknown {
  if (first === undefined) return value;
  if (Array.isArray(into))
    return into.map((each, index) => (String(index) === first ? replaced(each, rest, value) : each));
  const fields = new Map<string, unknown>(Object.entries(Object(into)));
  return Object.fromEntries(fields.set(first, replaced(fields.get(first), rest, value)));
}
