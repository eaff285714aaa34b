import type { SecretVerb } from './rights.ts';

/**
 * `Exclusive`: only the controller and the baseline. `Shared`: others, who are named. `Exposed`: a group that anybody may be in, or a
 * default service account. `Unknown`: it cannot be told; an audit itself never says so, but who asks it may have to.
 */
export type Verdict = 'Exclusive' | 'Shared' | 'Exposed' | 'Unknown';

/** What somebody ends up with: the value, the right to put another one in, or one of the ways around. */
export type AccessClass = 'Read' | 'Overwrite' | 'Indirect';

export interface Way {
  readonly class: AccessClass;
  /** Whether it is a right to the Secret itself, which a SubjectAccessReview can confirm. */
  readonly isDirect: boolean;
  /** The shortest: binding, role and right, and so on where somebody acts as somebody else. */
  readonly path: readonly string[];
}

/** Somebody beside the controller and the baseline who can reach the Secret. Its first way stands at its head too. */
export interface Other extends Way {
  /** `ServiceAccount ns/name`, `User name` or `Group name`. */
  readonly subject: string;
  readonly kind: 'ServiceAccount' | 'User' | 'Group';
  readonly name: string;
  /** Of a service account alone. */
  readonly namespace?: string;
  /** `path` in one line. */
  readonly via: string;
  /** The shortest way of each class, the shortest of all first. */
  readonly ways: readonly [Way, ...Way[]];
  /** Whether somebody may be this without having been named for it; then the verdict is Exposed. */
  readonly isAnybody: boolean;
  /** What the API server lets them do who ask for the Secret by its name, by bindings of their own or of groups that it puts them into. */
  readonly verbs: readonly SecretVerb[];
}

/** Who can reach one Secret. */
export interface AccessReport {
  readonly verdict: Verdict;
  /** The shortest way first, then by name; each subject once. */
  readonly others: readonly Other[];
  /** The same of those whom the operator trusts: not counted, and named in the baseline. */
  readonly trusted: readonly Other[];
  /** Who can always reach it, each line below 256 characters but for a long name of somebody trusted: shown and never counted. */
  readonly baseline: readonly string[];
  /** Bindings to roles that do not exist, a sentence each: whoever makes the role decides what they give. */
  readonly dormant: readonly string[];
  /** The controller's own service account, which is neither counted nor judged here. */
  readonly controller: Pick<Other, 'subject' | 'name' | 'verbs'> & {
    readonly kind: 'ServiceAccount';
    readonly namespace: string;
  };
}
