import { afterEach, expect, jest, test } from '@jest/globals';
import { refuseTooManyRights } from '../../src/cli/own-rights.ts';

afterEach(() => {
  jest.useRealTimers();
});

const never = new AbortController().signal;

/** Checks that find these rights; the first one leaves so many questions open, the next one fewer, and so on. */
function checking(rights: readonly string[] | undefined, open: number) {
  let left = open;
  return {
    check: () => Promise.resolve(Math.max(0, left--)),
    current: () => (rights === undefined ? ('unknown' as const) : { rights }),
  };
}

async function outcomeOf(rights: readonly string[] | undefined, open: number): Promise<unknown> {
  return await refuseTooManyRights(checking(rights, open), never).catch((thrown: unknown) => thrown);
}

test('strictRbac lets a controller start that has none of the rights', async () => {
  expect(await outcomeOf([], 0)).toBeUndefined();
});

test('strictRbac names the rights that it refuses to start with', async () => {
  expect(await outcomeOf(['list secrets', 'create pods'], 3)).toMatchObject({
    code: 'OverPrivileged',
    message:
      'strictRbac is set and the controller has rights that it must not have: list secrets, create pods; take them from its service account, or leave strictRbac out',
  });
});

test.each([[undefined], [[]]])('strictRbac waits for all answers: %j', async (rights) => {
  jest.useFakeTimers();
  let isOver = false;
  const waiting = refuseTooManyRights(checking(rights, 100), never).then(() => (isOver = true));
  await jest.advanceTimersByTimeAsync(199_999);
  expect(isOver).toBe(false);
  await jest.advanceTimersByTimeAsync(1);
  await waiting;
});
