import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { markerText, parseMarker, type Marker } from '../../src/manifests/marker.ts';

const prod = { namespace: 'apps', pipeline: 'podinfo', environment: 'prod' };

test('a marker is read with or without its #, and takes the version unless it says otherwise', () => {
  expect(parseMarker('# {"$promotion": "apps:podinfo:prod"}')).toEqual({ ...prod, field: 'version' });
  expect(parseMarker('{"$promotion":"apps:podinfo:prod"}')).toEqual({ ...prod, field: 'version' });
  expect(parseMarker('# {"$promotion": "apps:podinfo:prod", "$field": "digest"}')).toEqual({
    ...prod,
    field: 'digest',
  });
});

test('what is written is read', () => {
  const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  const marker: fc.Arbitrary<Marker> = fc.record({
    namespace: name,
    pipeline: name,
    environment: name,
    field: fc.constantFrom('version', 'digest'),
  });
  fc.assert(fc.property(marker, (each) => expect(parseMarker(markerText(each))).toEqual(each)));
});

test('other comments are none', () => {
  for (const comment of [
    '',
    '#',
    '# a note',
    '# {"$imagepolicy": "apps:podinfo"}',
    '# {"promotion": "a:b:c"}',
  ]) {
    expect(parseMarker(comment)).toBe('none');
  }
});

test.each([
  ['# see {"$promotion": "apps:podinfo:prod"}', /double quotes and nothing else in the comment/],
  ["# {'$promotion': 'apps:podinfo:prod'}", /double quotes and nothing else in the comment/],
  ['# "$promotion"', /this is no marker: write \{"\$promotion"/],
  ['# {"x": "$promotion"}', /this is no marker: write \{"\$promotion"/],
  ['# {"__proto__": {"$promotion": "apps:podinfo:prod"}}', /this is no marker: write \{"\$promotion"/],
  ['# {"$promotion": 1}', /a name of lower-case letters/],
  ['# {"$promotion": "apps:podinfo"}', /a name of lower-case letters/],
  ['# {"$promotion": "apps:podinfo:"}', /a name of lower-case letters/],
  ['# {"$promotion": "Apps:podinfo:prod"}', /a name of lower-case letters/],
  ['# {"$promotion": "apps:podinfo:prod", "$field": null}', /make "\$field" "version" or "digest"/],
])('%s is malformed, with what it should be', (comment, why) => {
  expect(parseMarker(comment)).toEqual({ malformed: expect.stringMatching(why) });
});
