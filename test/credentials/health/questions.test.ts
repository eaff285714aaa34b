import { describe, expect, test } from '@jest/globals';
import { nextQuestion, type Standing } from '../../../src/credentials/health/questions.ts';

const at = (time: string): Date => new Date(`2026-11-25T${time}Z`);

function working(repository: string, askedAt?: string, provenAt?: string): Standing {
  return {
    repository,
    ...(askedAt === undefined ? {} : { askedAt: at(askedAt) }),
    ...(provenAt === undefined ? {} : { provenAt: at(provenAt) }),
    isFailing: false,
  };
}

function failing(repository: string, askedAt?: string): Standing {
  return { ...working(repository, askedAt), isFailing: true };
}

/** What is asked next when the first was asked last, at 12:00, in its turn. */
function next(...standings: Standing[]): string {
  const last = { repository: standings[0]?.repository ?? '', at: at('12:00:00') };
  const question = nextQuestion({ standings, last, turnAt: at('12:00:00') });
  return `${question.repository} ${question.at.toISOString().slice(11, 19)}${question.isRetry ? ' again' : ''}`;
}

describe('of repositories that work', () => {
  test('one is asked about in ten minutes: first what was never asked about, then the one it is longest ago for', () => {
    expect(next(working('a', '12:00:00'), working('b', '11:40:00'), working('c'))).toBe('c 12:10:00');
    expect(next(working('a', '12:00:00'), working('b', '11:40:00'), working('c', '11:50:00'))).toBe(
      'b 12:10:00',
    );
  });

  test('one that was written to is let pass, but for once an hour', () => {
    expect(next(working('a', '12:00:00', '12:05:00'))).toBe('a 12:15:00');
    expect(next(working('a', '12:00:00'), working('b', '11:50:00', '12:05:00'))).toBe('a 12:10:00');
    expect(next(working('a', '12:00:00', '12:58:00'))).toBe('a 13:00:00');
  });
});

describe('one that fails', () => {
  test('is asked about again in 80 seconds', () => {
    expect(next(failing('a', '12:00:00'), working('b', '11:50:00'))).toBe('a 12:01:20 again');
    expect(next(failing('a', '12:00:00'))).toBe('a 12:01:20 again');
  });

  test('takes turns with others that fail', () => {
    expect(next(failing('a', '12:00:00'), failing('b', '11:50:00'))).toBe('b 12:01:20 again');
  });

  test('does not take the turns of those that work', () => {
    const standings = [failing('a', '12:09:30'), working('b', '11:40:00')];
    const last = { repository: 'a', at: at('12:09:30') };
    expect(nextQuestion({ standings, last, turnAt: at('12:00:00') })).toEqual({
      repository: 'b',
      at: at('12:10:00'),
      isRetry: false,
    });
  });

  test('and works when it is used is asked about again in ten seconds', () => {
    const problem = { reason: 'NotInstalled', message: 'the App is not there' } as const;
    const last = { repository: 'a', at: at('12:00:00'), problem };
    expect(
      nextQuestion({ standings: [working('a', '12:00:00')], last, turnAt: at('12:00:00') }),
    ).toMatchObject({ repository: 'a', at: at('12:00:10') });
  });
});

test('a forge that does not answer is asked the same again, whatever else is due, and when it says at the soonest', () => {
  const problem = { reason: 'RateLimited', message: 'wait' } as const;
  const asked = { repository: 'a', at: at('12:00:00') };
  const ask = (retryAt?: Date) =>
    nextQuestion({
      standings: [working('a', '12:00:00'), failing('b', '11:00:00')],
      last: { ...asked, problem: { ...problem, ...(retryAt === undefined ? {} : { retryAt }) } },
      turnAt: at('11:00:00'),
    });
  expect(ask()).toEqual({ repository: 'a', at: at('12:01:20'), isRetry: true });
  expect(ask(at('12:30:00'))).toMatchObject({ repository: 'a', at: at('12:30:00') });
});
