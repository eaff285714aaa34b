import { describe, expect, test } from '@jest/globals';
import type { Memory } from '../../src/engines/engine.ts';
import { fluxHelmRelease } from '../../src/engines/flux-helm-release.ts';
import { inWords, momentOf, recording, recordingsOf } from './recorded.ts';

const recordings = recordingsOf('helmrelease');

test('all 66 recordings of helm-controller are read', () => {
  expect(recordings.length).toBe(66);
  expect(recordings.flatMap(({ steps }) => steps).length).toBeGreaterThan(600);
});

describe('What helm-controller writes is understood at every step, also by its projection and with memory', () => {
  test.each(recordings)('$scenario: $why', ({ steps, verdict: last }) => {
    let memory: Memory | undefined;
    const read = steps.map(({ atMs, object }) => {
      const verdict = fluxHelmRelease.read(object);
      const projected = fluxHelmRelease.project(object);
      expect(fluxHelmRelease.read(projected)).toEqual(verdict);
      expect(JSON.parse(JSON.stringify(projected))).toEqual(projected);
      expect(fluxHelmRelease.project(projected)).toBe(projected);
      const reading = fluxHelmRelease.remember(projected, verdict, memory, momentOf(object));
      ({ memory } = reading);
      return { atMs, verdict: inWords(verdict), remembered: inWords(reading.verdict) };
    });
    expect(read).toEqual(
      steps.map(({ atMs, verdict, remembered = verdict }) => ({ atMs, verdict, remembered })),
    );
    expect(read.at(-1)?.verdict).toBe(last);
  });
});

describe('A status that holds whole seconds is memory enough', () => {
  test.each(recordings)('$scenario', ({ steps }) => {
    let memory: Memory | undefined;
    const read = steps.map(({ object }) => {
      const now = new Date(momentOf(object).getTime() + 999);
      const reading = fluxHelmRelease.remember(object, fluxHelmRelease.read(object), memory, now);
      memory =
        reading.memory === undefined
          ? undefined
          : { ...reading.memory, since: new Date(Math.floor(reading.memory.since.getTime() / 1000) * 1000) };
      return inWords(reading.verdict);
    });
    expect(read).toEqual(steps.map(({ verdict, remembered = verdict }) => remembered));
  });
});

test('a tag that is pushed again with other content is another revision of the same version', () => {
  const { steps } = recording('helmrelease', 'oci-retagged');
  const [before, after] = [steps[0], steps.at(-1)].map((step) => fluxHelmRelease.read(step?.object));
  expect([before, after]).toEqual([
    expect.objectContaining({
      kind: 'good',
      revision: {
        version: '6.1.0',
        digest: 'sha256:37a140f06c4065c3be8f9e5144ea4887445c3f5a1fa9509b8edceb9820c5d356',
        key: '54eb2a0375a9d439',
      },
    }),
    expect.objectContaining({
      kind: 'good',
      revision: {
        version: '6.1.0',
        digest: 'sha256:1960aac5e2e815494b515ddffa1f1d491f4b969a37e35de0ed79c3e541c5ce0f',
        key: '4f8b7d1a02c0ca20',
      },
    }),
  ]);
});

test('where digests are not tracked, a tag that is pushed again is no new revision, because nothing was released', () => {
  const { steps } = recording('helmrelease', 'oci-retagged-digest-ignored');
  const keys = steps.map(({ object }) => {
    const verdict = fluxHelmRelease.read(object);
    return verdict.kind === 'good' ? verdict.revision.key : undefined;
  });
  expect(new Set(keys.filter((key) => key !== undefined)).size).toBe(1);
});

test('soaking goes on through interval runs, drift that is corrected and a source that is down', () => {
  const sinces = ['interval-runs', 'drift-corrected', 'artifact-download-failed'].map((scenario) => {
    let memory: Memory | undefined;
    const seen = recording('helmrelease', scenario).steps.map(({ object }) => {
      const reading = fluxHelmRelease.remember(
        object,
        fluxHelmRelease.read(object),
        memory,
        momentOf(object),
      );
      ({ memory } = reading);
      return reading.verdict.kind === 'good' ? reading.verdict.since.toISOString() : undefined;
    });
    return new Set(seen.filter((since) => since !== undefined)).size;
  });
  expect(sinces).toEqual([1, 1, 1]);
});

test('what is kept of an object for the cache is under 1.5 KB, and under 1 KB in the mean', () => {
  const sizes = recordings
    .flatMap(({ steps }) => steps)
    .map(({ object }) => Buffer.byteLength(JSON.stringify(fluxHelmRelease.project(object))));
  expect(Math.max(...sizes)).toBeLessThan(1536);
  expect(sizes.reduce((sum, size) => sum + size, 0) / sizes.length).toBeLessThan(1024);
});

test('a verdict does not depend on the order of conditions and of the history', () => {
  for (const { steps } of recordings) {
    for (const { object } of steps) {
      const { status } = object;
      const reversed = {
        ...object,
        status: {
          ...status,
          conditions: status?.conditions?.toReversed(),
          history: status?.history?.toReversed(),
        },
      };
      expect(fluxHelmRelease.read(reversed)).toEqual(fluxHelmRelease.read(object));
    }
  }
});
