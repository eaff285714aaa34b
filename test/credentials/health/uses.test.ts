import { beforeEach, describe, expect, test } from '@jest/globals';
import { Uses } from '../../../src/credentials/health/uses.ts';
import { ManualClock, minuteMs } from '../promoter.ts';

const credential = 'apps/acme-promoter';
const absent = { reason: 'NotInstalled', message: 'the App is not on acme/web' } as const;
const rejected = { reason: 'Revoked', message: 'the key is refused' } as const;

let clock: ManualClock;
/** Of whom and after how many milliseconds. */
let told: [string, number][];
let uses: Uses;
beforeEach(() => {
  clock = new ManualClock();
  told = [];
  uses = new Uses(clock, (name, afterMs) => void told.push([name, afterMs]));
});

describe('of a credential that is good for one repository and not for another', () => {
  test('what is wrong stands, however often the other one is used, and is told once', () => {
    uses.accepted(credential, 'acme/fleet', 'reading');
    uses.refused(credential, 'acme/web', 'reading', absent);
    told = [];
    for (let minutes = 0; minutes < 10; minutes += 1) {
      clock.advance(minuteMs);
      uses.accepted(credential, 'acme/fleet', 'reading');
      uses.refused(credential, 'acme/web', 'reading', absent);
      expect(uses.healthOf(credential)).toEqual({ good: false, taken: true, ...absent });
    }
    expect(told).toEqual([]);
  });

  test('each hears of its own', () => {
    uses.accepted(credential, 'acme/fleet', 'writing');
    uses.refused(credential, 'acme/web', 'reading', absent);
    expect(uses.healthOf(credential, 'acme/fleet')).toMatchObject({ good: true });
    expect(uses.healthOf(credential, 'acme/web')).toMatchObject({ good: false, taken: false });
    expect(uses.healthOf(credential, 'acme/docs')).toBeUndefined();
  });

  test('what is refused stands until it is taken, or the credential is not for the repository any more', () => {
    uses.refused(credential, 'acme/web', 'reading', absent);
    uses.refused(credential, 'Acme/Docs', 'reading', absent);
    clock.advance(60 * minuteMs);
    uses.accepted(credential, 'acme/web', 'reading');
    expect(uses.healthOf(credential)).toMatchObject({ good: false });
    uses.forgetOtherRepositories(credential, ['acme/web', 'acme/docs']);
    expect(uses.healthOf(credential)).toMatchObject({ good: false });
    uses.forgetOtherRepositories(credential, ['acme/Web']);
    expect(uses.healthOf(credential)).toMatchObject({ good: true });
  });

  test('a write that nobody tries any more is no trouble after five minutes', () => {
    const forbidden = { reason: 'PermissionsMissing', message: 'the token may not write' } as const;
    uses.accepted(credential, 'acme/fleet', 'reading');
    uses.refused(credential, 'acme/web', 'writing', forbidden);
    clock.advance(4 * minuteMs);
    expect(uses.healthOf(credential)).toMatchObject({ good: false });
    clock.advance(2 * minuteMs);
    expect(uses.healthOf(credential)).toMatchObject({ good: true });
  });
});

test('a token that is not known any more is none, whatever else was refused to it before', () => {
  uses.refused(credential, 'acme/web', 'reading', { reason: 'SSORequired', message: 'authorize it' });
  uses.refused(credential, 'acme/fleet', 'reading', rejected);
  expect(uses.healthOf(credential)).toMatchObject({ good: false, taken: false, reason: 'Revoked' });
});

describe('that it may write is proven', () => {
  test('by a write, not by a read, for that repository', () => {
    uses.accepted(credential, 'acme/fleet', 'writing');
    const proven = clock.now();
    clock.advance(minuteMs);
    uses.accepted(credential, 'acme/fleet', 'reading');
    uses.accepted(credential, 'acme/web', 'reading');
    expect(uses.provenAt(credential, 'Acme/fleet')).toEqual(proven);
    expect(uses.provenAt(credential, 'acme/web')).toBeUndefined();
    expect(uses.acceptedAt(credential)).toEqual(clock.now());
  });

  test('until it is refused', () => {
    uses.accepted(credential, 'acme/fleet', 'writing');
    uses.refused(credential, 'acme/fleet', 'reading', absent);
    uses.accepted(credential, 'acme/fleet', 'reading');
    expect(uses.provenAt(credential, 'acme/fleet')).toBeUndefined();
  });
});

test('a key that is taken for one repository is not refused for another', () => {
  uses.refused(credential, 'acme/web', 'reading', rejected);
  expect(uses.healthOf(credential)).toEqual({ good: false, taken: false, ...rejected });
  uses.accepted(credential, 'acme/fleet', 'reading');
  expect(uses.healthOf(credential)).toMatchObject({ good: true, taken: true });
  expect(told).toEqual([
    [credential, 0],
    [credential, 0],
  ]);
});

describe('uses by one Pipeline', () => {
  const use = (pipeline = 'apps/podinfo', environment = 'staging', name = credential): void =>
    uses.note(name, pipeline, { time: clock.now(), by: `${pipeline} ${environment}` });

  test('are told once, and what comes within a minute of that at its end, once', () => {
    for (let calls = 0; calls < 8; calls += 1) {
      use(undefined, calls % 2 === 0 ? 'staging' : 'prod');
      clock.advance(1_000);
    }
    expect(told).toEqual([
      [credential, 0],
      [credential, minuteMs - 1_000],
    ]);
    expect(uses.of(credential)?.by).toBe('apps/podinfo prod');
  });

  test('are told again a minute after they were', () => {
    use();
    clock.advance(30_000);
    use();
    clock.advance(31_000);
    use();
    clock.advance(60_000);
    use();
    expect(told.map(([, afterMs]) => afterMs)).toEqual([0, 30_000, 59_000, 59_000]);
    clock.advance(10 * minuteMs);
    use();
    expect(told.at(-1)).toEqual([credential, 0]);
  });

  test('do not keep those of another one, or of another credential, waiting', () => {
    use();
    use('apps/web');
    use('apps/podinfo', 'staging', 'apps/other');
    expect(told).toEqual([
      [credential, 0],
      [credential, 0],
      ['apps/other', 0],
    ]);
  });
});
