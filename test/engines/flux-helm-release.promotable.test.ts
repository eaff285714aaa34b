import { describe, expect, test } from '@jest/globals';
import { fluxHelmRelease } from '../../src/engines/flux-helm-release.ts';
import { helmRelease } from './helm-release.ts';

const { whyNotPromotable } = fluxHelmRelease;

describe('Which charts have a version that another environment can take', () => {
  const git = 'has no version to promote: use a HelmRepository or OCIRepository';
  test.each([
    [
      'a chart of a HelmRepository',
      { chart: { spec: { sourceRef: { kind: 'HelmRepository' } } } },
      undefined,
    ],
    ['an OCIRepository, whose digest goes along', { chartRef: { kind: 'OCIRepository' } }, undefined],
    ['a HelmChart', { chartRef: { kind: 'HelmChart' } }, undefined],
    [
      'not a chart of a GitRepository',
      { chart: { spec: { sourceRef: { kind: 'GitRepository' } } } },
      `the chart's source (GitRepository) ${git}`,
    ],
    [
      'not a chart of a Bucket',
      { chart: { spec: { sourceRef: { kind: 'Bucket' } } } },
      `the chart's source (Bucket) ${git}`,
    ],
    [
      'not an ExternalArtifact',
      { chartRef: { kind: 'ExternalArtifact' } },
      `the chart's source (ExternalArtifact) ${git}`,
    ],
    ['not what names no chart', {}, 'the HelmRelease names no chart: set spec.chart or spec.chartRef'],
  ])('%s', (_, spec, expected) => {
    expect(whyNotPromotable(helmRelease({ spec }))).toBe(expected);
  });

  test('not a HelmChart that follows commits', () => {
    const object = helmRelease({
      spec: { chartRef: { kind: 'HelmChart' } },
      attempted: '6.1.0+fd0761826d24',
    });
    expect(whyNotPromotable(object)).toBe(`the chart's source (HelmChart) ${git}`);
  });

  test('an object that cannot be read is not refused: its verdict says what is wrong', () => {
    expect(whyNotPromotable({ kind: 'HelmRelease' })).toBeUndefined();
  });
});
