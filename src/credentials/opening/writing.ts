import { isForgeError } from '../../forges/errors.ts';
import type { Reservation } from '../../forges/budget/budget.ts';
import type { Forge } from '../../forges/forge.ts';
import type { Spending } from '../../forges/provider.ts';
import type { Need } from '../needs.ts';
import type { Writing } from './opened.ts';
import { CredentialProblem } from '../problem.ts';
import { forgeThrough } from '../../forges/through.ts';
import type { Session } from './session.ts';

/**
 * Runs one act that writes, after it has reserved what it takes of the forge's limits: what it does not use is given back at its end. A stored token that is replaced in the middle of it is
 * followed call by call, a minted one is the act's own.
 */
export async function write<T>(
  session: Session,
  act: (forge: Forge) => Promise<T>,
  needs: readonly Need[],
  reserve: (account: string) => Reservation | undefined,
): Promise<T> {
  const spending = reserve(session.account);
  try {
    const { forge, isMinted, end } = await begun(session, needs, spending);
    const following = forgeThrough(forge, (use) =>
      session.run(async ({ begin }) => await use((await begin([], spending)).forge)),
    );
    try {
      return await act(isMinted ? forge : following);
    } finally {
      await end();
    }
  } finally {
    spending?.end();
  }
}

async function begun(
  session: Session,
  needs: readonly Need[],
  spending: Spending | undefined,
): Promise<Writing> {
  try {
    return await session.run(({ begin }) =>
      begin(
        needs.map(({ permission }) => permission),
        spending,
      ),
    );
  } catch (thrown) {
    const isLack = isForgeError(thrown) && thrown.code === 'PermissionsMissing';
    if (!isLack || needs.length === 0) throw thrown;
    const because = needs.map(({ permission, why }) => `${permission} since ${why}`).join(', ');
    throw new CredentialProblem('PermissionsMissing', `${thrown.message} (${because})`, thrown);
  }
}
