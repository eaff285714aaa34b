import type { Credential } from '../../api/credential.ts';
import type { AppFacts } from '../../forges/identity.ts';
import type { CredentialFacts } from '../credential.ts';
import { nameOf } from '../keyring.ts';
import { isOfCredential, type Problem } from '../problem.ts';
import { longestUnasked, nextQuestion, type Question, type Standing } from './questions.ts';
import { leavesUntold } from './untold.ts';
import type { Uses } from './uses.ts';
import { lackOf, worstFacts } from './worst-facts.ts';

/** What a pass found out. */
export interface Found {
  readonly facts?: CredentialFacts;
  /** Whose key it is, when that is all that can be told. */
  readonly app?: AppFacts;
  /** Why the Secret or the forge cannot be asked. What the forge refuses the credential itself is in `Uses`. */
  readonly problem?: Problem;
  /** When the forge last answered, be it with a no. */
  readonly answeredAt?: Date;
  /** What status says of an earlier Secret or host holds no longer. */
  readonly replaced: boolean;
  /** The forge was not asked though it was time; when to try again. */
  readonly heldUntil?: Date;
}

/** What the forge said when it was asked. */
export interface Said extends Pick<Found, 'app' | 'facts'> {
  /** Why it did not answer, or what it refused. */
  readonly problem?: Problem;
}

/** What the forge last said, and of what. */
export interface Probed extends Found {
  readonly identity: string;
  /** Which Secret of which kind for which host spec named. */
  readonly named: string;
  readonly generation: number;
  /** What it was asked about last, and why there is no answer. */
  readonly last: { readonly repository: string; readonly at: Date; readonly problem?: Problem };
  /** When a repository last had its turn. */
  readonly turnAt: Date;
  /** When each repository was asked about, and the last answer. */
  readonly asked: ReadonlyMap<string, { readonly at: Date; readonly facts: CredentialFacts | undefined }>;
}

/** What the forge is to be asked about a Credential next, and when. @param before what was asked of the same Secret */
export function questionOf(
  credential: Credential,
  before: Probed | undefined,
  { uses, now }: { readonly uses: Uses; readonly now: Date },
): Question {
  const { spec, metadata } = credential;
  const key = nameOf(credential);
  const standings = spec.repositories.map((repository): Standing => {
    const { at: askedAt, facts } = before?.asked.get(repository) ?? {};
    const provenAt = uses.provenAt(key, repository);
    const isLacking = facts !== undefined && lackOf(facts).length > 0;
    return {
      repository,
      ...(askedAt === undefined ? {} : { askedAt }),
      ...(provenAt === undefined ? {} : { provenAt }),
      isFailing: isLacking || uses.healthOf(key, repository)?.good === false,
    };
  });
  // A repository that is new in spec is asked about at once, and so is another Secret.
  if (before?.generation === metadata.generation) return nextQuestion({ standings, ...before });
  return { repository: longestUnasked(standings)?.repository ?? '', at: now, isRetry: false };
}

/** What is known once a question was asked. @param before what was known of the same Secret */
export function probedAfter(
  { metadata, spec }: Credential,
  { repository, isRetry }: Question,
  said: Said,
  {
    before,
    now,
    ...of
  }: Pick<Probed, 'identity' | 'named' | 'replaced'> & {
    readonly before: Probed | undefined;
    readonly now: Date;
  },
): Probed {
  const { facts = before?.asked.get(repository)?.facts, problem, app } = said;
  const all = new Map(before?.asked).set(repository, { at: now, facts });
  const asked = new Map([...all].filter(([each]) => spec.repositories.includes(each)));
  const last = said.facts ?? before?.facts;
  const known = spec.repositories.map((each) => asked.get(each)?.facts).filter((each) => each !== undefined);
  return {
    ...of,
    ...(last === undefined ? {} : { facts: worstFacts(known, last) }),
    ...(app === undefined ? {} : { app }),
    ...(problem === undefined || isOfCredential(problem) ? {} : { problem }),
    ...answered(said, now, before),
    generation: metadata.generation,
    last: { repository, at: now, ...(problem === undefined ? {} : { problem }) },
    turnAt: before === undefined || !isRetry ? now : before.turnAt,
    asked,
  };
}

/** A forge that cannot be reached, or must not be asked, has said nothing. */
function answered({ problem }: Said, now: Date, before: Probed | undefined): Pick<Found, 'answeredAt'> {
  const isUnsaid = problem !== undefined && (leavesUntold(problem) || problem.reason === 'HostNotAllowed');
  if (!isUnsaid) return { answeredAt: now };
  return before?.answeredAt === undefined ? {} : { answeredAt: before.answeredAt };
}
