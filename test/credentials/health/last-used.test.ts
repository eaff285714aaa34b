import { describe, expect, test } from '@jest/globals';
import { lastUsedOf } from '../../../src/credentials/health/last-used.ts';

const at = (time: string): Date => new Date(`2026-11-25T${time}Z`);
const ours = { time: at('12:00:00'), by: 'apps/podinfo staging' };
const none = { written: undefined, writtenAt: undefined, now: at('12:00:30'), asking: [] };
const own = {
  time: '2026-11-25T12:00:00Z',
  by: 'apps/podinfo staging',
  source: 'Controller',
  precision: '1 min, by our own clock',
};

describe('what the forge saw', () => {
  test('about when we used it was our use, and we know that more exactly', () => {
    const forges = { time: at('12:14:00'), precision: '±10 min' };
    expect(lastUsedOf(none, ours, forges)).toEqual(own);
  });

  test('clearly later was somebody else, and nobody tells who', () => {
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

  test('gives way to a later use of ours', () => {
    const written = { time: '2026-11-25T11:00:00Z', source: 'Forge', precision: '±10 min' } as const;
    expect(lastUsedOf({ ...none, written }, ours, { time: at('11:00:00'), precision: '±10 min' })).toEqual(
      own,
    );
  });
});

describe('while we ask the forge about it, which it takes for uses', () => {
  const forges = (time: string) => ({ time: at(time), precision: '±30 s' });
  const told = (time: string) =>
    lastUsedOf(
      { ...none, asking: [{ from: at('10:00:00'), to: at('11:00:00') }, { from: at('11:30:00') }] },
      undefined,
      forges(time),
    )?.time;

  test('nothing is told of others', () => {
    expect([told('10:00:00'), told('10:30:00'), told('11:30:00'), told('11:59:00')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('but what was before that, and between, was theirs', () => {
    expect([told('09:58:00'), told('11:15:00')]).toEqual(['2026-11-25T09:58:00Z', '2026-11-25T11:15:00Z']);
  });
});

test('what was never used has no time', () => {
  expect(lastUsedOf(none, undefined, undefined)).toBeUndefined();
});

describe('a later use by the same is shown', () => {
  const written = { time: '2026-11-25T11:59:00Z', by: ours.by, source: 'Controller' } as const;

  test('a minute after the one before was written, and not sooner', () => {
    const shown = (now: Date, writtenAt: Date | undefined) =>
      lastUsedOf({ written, writtenAt, now, asking: [] }, ours, undefined)?.time;
    expect(shown(at('12:00:19'), at('11:59:20'))).toBe(written.time);
    expect(shown(at('12:00:20'), at('11:59:20'))).toBe(own.time);
    expect(shown(at('12:00:00'), undefined)).toBe(own.time);
  });

  test('likewise when it is for another environment', () => {
    const given = { written, writtenAt: at('11:59:20'), now: at('12:00:10'), asking: [] };
    expect(lastUsedOf(given, { ...ours, by: 'apps/podinfo prod' }, undefined)?.by).toBe(written.by);
  });

  test('at once when it is by another Pipeline, but a minute after the last one that was written of that', () => {
    const other = { ...ours, by: 'apps/web staging' };
    const by = (now: string, writtenAt: Date | undefined) =>
      lastUsedOf({ written, writtenAt, now: at(now), asking: [] }, other, undefined)?.by;
    expect(by('12:00:01', undefined)).toBe(other.by);
    expect(by('12:00:01', at('11:59:30'))).toBe(written.by);
    expect(by('12:00:30', at('11:59:30'))).toBe(other.by);
  });
});
