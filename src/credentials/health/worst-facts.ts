import type { CredentialFacts } from '../credential.ts';
import { appVerdict } from './excess.ts';

/**
 * What is shown of a credential that was asked about for each of its repositories: who it is, until when and the like by the last answer; what
 * it may do by the worst of them, of equals the first, so that what is shown does not change with the turns.
 *
 * @param byRepository one answer for each that was asked about, in the order of spec
 */
export function worstFacts(byRepository: readonly CredentialFacts[], last: CredentialFacts): CredentialFacts {
  const worst = byRepository.reduce((a, b) => (badnessOf(b) > badnessOf(a) ? b : a), byRepository[0] ?? last);
  if (last.kind === 'app' && worst.kind === 'app') {
    const { installation, missing, reach } = worst;
    return { ...last, installation, missing, reach };
  }
  if (last.kind === 'token' && worst.kind === 'token')
    return { ...last, token: { ...last.token, scope: worst.token.scope } };
  return last;
}

/** What a promotion needs and the credential does not have. */
export function lackOf(facts: CredentialFacts): readonly string[] {
  return facts.kind === 'app' ? facts.missing : facts.token.scope.lacking;
}

/** What lacks stops promotions; what is too much does not; of what is not known nothing can be said. */
function badnessOf(facts: CredentialFacts): number {
  if (lackOf(facts).length > 0) return 3;
  const verdict = facts.kind === 'token' ? facts.token.scope.verdict : appVerdict(facts);
  return { Broad: 2, Unknown: 1, Insufficient: 3, Least: 0 }[verdict];
}
