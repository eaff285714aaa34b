import { beforeEach, describe, expect, test } from '@jest/globals';
import { Uses } from '../../../src/credentials/health/uses.ts';
import { ManualClock, minuteMs } from '../promoter.ts';

const credential = 'apps/acme-promoter';
const absent = { reason: 'NotInstalled', message: 'the App is not on acme/web' } as const;
const rejected = { reason: 'Revoked', message: 'the key is refused' } as const;

let clock: ManualClock;
let told: string[];
let uses: Uses;
beforeEach(() => {
  clock = new ManualClock();
  told = [];
  uses = new Uses(clock, (name) => void told.push(name));
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

  test('what nobody asks for any more is no trouble after five minutes', () => {
    uses.accepted(credential, 'acme/fleet', 'reading');
    uses.refused(credential, 'acme/web', 'reading', absent);
    clock.advance(4 * minuteMs);
    expect(uses.healthOf(credential)).toMatchObject({ good: false });
    clock.advance(2 * minuteMs);
    expect(uses.healthOf(credential)).toMatchObject({ good: true });
  });
});

test('a key that is taken for one repository is not refused for another', () => {
  uses.refused(credential, 'acme/web', 'reading', rejected);
  expect(uses.healthOf(credential)).toEqual({ good: false, taken: false, ...rejected });
  uses.accepted(credential, 'acme/fleet', 'reading');
  expect(uses.healthOf(credential)).toMatchObject({ good: true, taken: true });
  expect(told).toEqual([credential, credential]);
});
