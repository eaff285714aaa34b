import type { AccessReport } from './report.ts';
import { everyUser, groupOf, identityOf } from './subjects.ts';

const askedVerbs = ['get', 'list', 'watch'] as const;
type AskedVerb = (typeof askedVerbs)[number];

/** A SubjectAccessReview to send for the Secret by name, and what it answers if RBAC alone decides. */
export interface Ask {
  /** As in the report. */
  readonly subject: string;
  /** For `spec.user`; absent for a group. */
  readonly user?: string;
  /** For `spec.groups`. */
  readonly groups: readonly string[];
  readonly verb: AskedVerb;
  readonly expected: boolean;
}

/** Somebody whom no rule names, since no login has such a name by chance; another authorizer may let in everybody who has one. */
const nobody = 'lockkeeper:nobody';

/**
 * What to ask the API server to see whether RBAC alone decides: whether each one of the report, and the controller, may get, list and
 * watch the Secret, and that somebody who does not exist may not more than everybody who is authenticated.
 */
export function subjectsToAsk({ others, controller }: AccessReport): readonly Ask[] {
  const known = [
    ...others.map((each) => ({ subject: each.subject, verbs: each.verbs, ...identityOf(each) })),
    { subject: controller.subject, verbs: controller.verbs, ...identityOf(controller) },
    {
      subject: `User ${nobody}`,
      verbs: others.find(({ subject }) => subject === groupOf(everyUser).id)?.verbs ?? [],
      ...identityOf({ kind: 'User', name: nobody }),
    },
  ];
  return known.flatMap(({ verbs, ...identity }) =>
    askedVerbs.map((verb) => ({ ...identity, verb, expected: verbs.includes(verb) })),
  );
}

/**
 * Where the API server answered otherwise than RBAC would, a sentence each; none means that no other authorizer was seen. One that
 * lasts, with an index that is up to date, makes the verdict Unknown.
 *
 * @param answers whether it was allowed, in the order of `subjectsToAsk`; undefined where there was no answer, which disagrees with nothing
 */
export function disagreements(
  report: AccessReport,
  answers: readonly (boolean | undefined)[],
): readonly string[] {
  return subjectsToAsk(report).flatMap(({ subject, verb, expected }, at) => {
    const allowed = answers[at];
    if (allowed === undefined || allowed === expected) return [];
    return [
      allowed
        ? `The API server lets ${subject} ${verb} the Secret and no rule of RBAC does: another authorizer seems to be active.`
        : `A rule of RBAC lets ${subject} ${verb} the Secret and the API server does not: another authorizer seems to be active.`,
    ];
  });
}
