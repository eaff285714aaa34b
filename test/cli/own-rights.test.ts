import { expect, test } from '@jest/globals';
import { refuseTooManyRights } from '../../src/cli/own-rights.ts';

const never = new AbortController().signal;

/** What comes of checks that find these rights, and leave so many questions open. */
async function outcomeOf(rights: readonly string[] | undefined, open: number): Promise<unknown> {
  const checked = {
    check: () => Promise.resolve(open),
    current: () => (rights === undefined ? ('unknown' as const) : { rights }),
  };
  return await refuseTooManyRights(checked, never, 0).catch((thrown: unknown) => thrown);
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

test.each([[undefined], [[]]])('strictRbac does not take silence for an answer: %j', async (rights) => {
  expect(await outcomeOf(rights, 3)).toMatchObject({
    code: 'RightsUnknown',
    message: expect.stringContaining("did not answer 3 questions about the controller's rights"),
  });
});
