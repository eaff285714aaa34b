import { describe, expect, test } from '@jest/globals';
import { lastUsedOf } from '../../../src/credentials/health/last-used.ts';

const at = (time: string): Date => new Date(`2026-11-25T${time}Z`);
const ours = { time: at('12:00:00'), by: 'apps/podinfo staging' };
const none = { written: undefined, writtenAt: undefined, now: at('12:00:30') };
const own = {
  time: '2026-11-25T12:00:00Z',
  by: 'apps/podinfo staging',
  source: 'Controller',
  precision: '1 min, by our own clock',
};

describe('what the forge saw others do', () => {
  test('before our own last use is not the last', () => {
    expect(lastUsedOf(none, ours, { time: at('11:59:00'), precision: '±10 min' })).toEqual(own);
  });

  test('later is the last use, and nobody tells by whom', () => {
    const forges = { time: at('12:20:00'), precision: '±10 min' };
    expect(lastUsedOf(none, ours, forges)).toEqual({
      time: '2026-11-25T12:20:00Z',
      source: 'Forge',
      precision: '±10 min',
    });
  });

  test('counts when we have not used it', () => {
    const forges = { time: at('09:00:00'), precision: '±10 min' };
    expect(lastUsedOf(none, undefined, forges)).toMatchObject({ source: 'Forge' });
  });

  test('stays when the forge does not repeat it, be there an earlier use of ours or none', () => {
    const written = { time: '2026-11-25T12:20:00Z', source: 'Forge', precision: '±10 min' } as const;
    const later = { written, writtenAt: undefined, now: at('12:40:00') };
    expect([lastUsedOf(later, ours, undefined), lastUsedOf(later, undefined, undefined)]).toEqual([
      written,
      written,
    ]);
  });

  test('gives way to a later use of ours', () => {
    const written = { time: '2026-11-25T11:00:00Z', source: 'Forge', precision: '±10 min' } as const;
    expect(lastUsedOf({ ...none, written }, ours, { time: at('11:00:00'), precision: '±10 min' })).toEqual(
      own,
    );
  });
});

test('what was never used has no time', () => {
  expect(lastUsedOf(none, undefined, undefined)).toBeUndefined();
});

describe('a later use by the same is shown', () => {
  const written = { time: '2026-11-25T11:59:00Z', by: ours.by, source: 'Controller' } as const;

  test('a minute after the one before was written, and not sooner', () => {
    const shown = (now: Date, writtenAt: Date | undefined) =>
      lastUsedOf({ written, writtenAt, now }, ours, undefined)?.time;
    expect(shown(at('12:00:19'), at('11:59:20'))).toBe(written.time);
    expect(shown(at('12:00:20'), at('11:59:20'))).toBe(own.time);
    expect(shown(at('12:00:00'), undefined)).toBe(own.time);
  });

  test('likewise when it is for another environment', () => {
    const given = { written, writtenAt: at('11:59:20'), now: at('12:00:10') };
    expect(lastUsedOf(given, { ...ours, by: 'apps/podinfo prod' }, undefined)?.by).toBe(written.by);
  });

  test('at once when it is by another Pipeline, but a minute after the last one that was written of that', () => {
    const other = { ...ours, by: 'apps/web staging' };
    const by = (now: string, writtenAt: Date | undefined) =>
      lastUsedOf({ written, writtenAt, now: at(now) }, other, undefined)?.by;
    expect(by('12:00:01', undefined)).toBe(other.by);
    expect(by('12:00:01', at('11:59:30'))).toBe(written.by);
    expect(by('12:00:30', at('11:59:30'))).toBe(other.by);
  });
});
