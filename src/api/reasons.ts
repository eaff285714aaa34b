/**
 * Every reason that a user can read, in conditions, waiting lines and events: one closed list.
 * `what` is the sentence of the reference, `next` what to do about it;
 * `is` says how the controller goes on: `fine`, `warning` (it works, and something about it should be changed), `waiting` (something will come by itself), `blocked` (something outside is broken; a watch tells when it is not), `retried` (tried again, at most two
 * minutes apart) or `stalled` (a person must change something; a watch or a retry finds out that they did).
 */
export const reasons = {
  UpToDate: { is: 'fine', what: 'Every environment runs what the one before it runs.', next: '' },
  Promoting: { is: 'waiting', what: 'A promotion is being made.', next: 'Wait for the pull request.' },
  PullRequestOpen: { is: 'waiting', what: 'A promotion pull request is open.', next: 'Review and merge it.' },
  Merged: {
    is: 'waiting',
    what: 'The pull request is merged; the environment does not run the revision yet.',
    next: 'Wait for Flux; look at the app object and its source when it takes long.',
  },
  NotArriving: {
    is: 'blocked',
    what: 'The pull request was merged an hour ago and the environment still does not run the revision.',
    next: 'Look at the app object and its source.',
  },
  PullRequestClosed: {
    is: 'waiting',
    what: 'A person closed the pull request; this revision is not proposed again.',
    next: 'Release another revision.',
  },
  Reverted: {
    is: 'waiting',
    what: 'The environment left this revision after it was promoted; it is not proposed again.',
    next: 'Release another revision.',
  },
  NothingToPromote: {
    is: 'waiting',
    what: 'No environment runs a revision that could be promoted.',
    next: 'Bring a revision into the first environment.',
  },
  SourceNotReady: {
    is: 'waiting',
    what: 'The source environment is not healthy, or is changing.',
    next: 'Wait for the source environment; look at its app object when it stays so.',
  },
  SourceDisagrees: {
    is: 'waiting',
    what: 'The targets of the source environment run different revisions.',
    next: 'Bring all targets of the source environment to one revision.',
  },
  TargetNewer: {
    is: 'waiting',
    what: 'The environment runs a newer revision than its source; no downgrade is proposed.',
    next: 'Release a newer revision, or change the environment by hand.',
  },
  PromotionSuspended: {
    is: 'waiting',
    what: 'Promotion is suspended.',
    next: 'Set promotion.suspend to false.',
  },
  AppNotFound: {
    is: 'stalled',
    what: 'The app object of a target does not exist.',
    next: 'Create it, or correct appRef and targets.',
  },
  AppUnhealthy: {
    is: 'blocked',
    what: 'The app object of a target reports a failure.',
    next: 'Look at the app object.',
  },
  AppSuspended: { is: 'waiting', what: 'The app object of a target is suspended.', next: 'Resume it.' },
  AppKindUnknown: {
    is: 'stalled',
    what: 'There is no engine for this kind of app object.',
    next: 'Use a HelmRelease of helm.toolkit.fluxcd.io.',
  },
  AppUnknown: {
    is: 'blocked',
    what: 'The app object has been in progress for too long to know what it runs.',
    next: 'Look at the app object and its controller.',
  },
  NamespaceNotAllowed: {
    is: 'stalled',
    what: "The target's namespace has not allowed Pipelines of this namespace.",
    next: 'Annotate the Namespace with lockkeeper.dev/allow-pipelines-from.',
  },
  RevisionNotPromotable: {
    is: 'stalled',
    what: 'The app object follows a source that has no version to promote.',
    next: 'Pin a chart version.',
  },
  RevisionRefused: {
    is: 'stalled',
    what: 'The revision holds characters that may not stand in a branch or a manifest.',
    next: 'Release under a version of letters, digits and . _ + : @ / -.',
  },
  CredentialNotFound: {
    is: 'stalled',
    what: 'The Credential does not exist.',
    next: 'Create it, or correct credentialRef.',
  },
  Healthy: {
    is: 'fine',
    what: 'The credential works, and nothing is known of it that should be changed.',
    next: '',
  },
  Unknown: {
    is: 'waiting',
    what: 'Nothing is known yet, or it cannot be found out.',
    next: 'Wait for the first answer; the message says who would have to give it.',
  },
  Expiring: {
    is: 'warning',
    what: 'The credential works and ends soon.',
    next: 'Make a new key or token on the forge and put it into the Secret; it is used at once.',
  },
  OverScoped: {
    is: 'warning',
    what: 'The credential works and may do more than a promotion needs.',
    next: 'Take away what the message names, or use a GitHub App, whose tokens are narrowed by each act.',
  },
  BroadInstallation: {
    is: 'warning',
    what: 'The GitHub App is installed on more repositories or at more accounts than spec lists; each token is still minted for one repository.',
    next: 'Choose the repositories in the settings of the installation, and uninstall the App where it is not needed.',
  },
  Stale: {
    is: 'warning',
    what: 'The forge does not answer; what is shown is what it said before, as old as checkedTime says.',
    next: 'Look at the network and at the state of the forge when it stays so.',
  },
  WaitingForBudget: {
    is: 'waiting',
    what: 'The credential has spent its share of what the forge lets it do; the message says when it goes on.',
    next: 'Wait; spread Pipelines over more credentials when it happens often.',
  },
  Missing: {
    is: 'retried',
    what: 'The Secret does not exist, or lacks a key.',
    next: 'Create it, or add the key that the message names.',
  },
  AccessDenied: {
    is: 'retried',
    what: 'The controller may not read the Secret.',
    next: 'Apply what lockkeeper rbac prints: a Role and RoleBinding for that one Secret.',
  },
  Malformed: {
    is: 'retried',
    what: 'A value in the Secret is not what it should be.',
    next: 'Correct the value.',
  },
  Expired: {
    is: 'retried',
    what: 'The token has ended.',
    next: 'Make a new one on the forge and put it into the Secret.',
  },
  Revoked: {
    is: 'retried',
    what: 'The forge does not accept the credential: it is wrong, or was revoked.',
    next: 'Replace the key or token in the Secret.',
  },
  NotInstalled: {
    is: 'retried',
    what: 'The GitHub App is not installed on the repository.',
    next: 'Install it there.',
  },
  Suspended: {
    is: 'retried',
    what: "The GitHub App's installation is suspended.",
    next: 'Unsuspend it in the settings of the installation.',
  },
  PermissionsMissing: {
    is: 'retried',
    what: 'The credential lacks a permission.',
    next: 'Grant what the message names on the forge.',
  },
  SSORequired: {
    is: 'retried',
    what: 'The organization takes only tokens that are authorized for its single sign-on.',
    next: "Authorize the token for the organization in its owner's settings.",
  },
  OverPrivileged: {
    is: 'warning',
    what: 'The controller has rights that it must not have, so that others may reach what it can reach.',
    next: 'Take away the Role or ClusterRole that gives them; the message names the first right.',
  },
  Exclusive: {
    is: 'fine',
    what: 'Nobody but the controller and the listed baseline can reach the Secret.',
    next: '',
  },
  Shared: {
    is: 'warning',
    what: 'Others can read the Secret, overwrite it, or reach it in a roundabout way.',
    next: 'Run lockkeeper access to see who and by which binding, and take the rights away or accept them.',
  },
  Exposed: {
    is: 'warning',
    what: 'A group that anybody may be in, or a default service account, can reach the Secret.',
    next: 'Run lockkeeper access to see by which binding, and take that right away.',
  },
  HostNotAllowed: {
    is: 'stalled',
    what: "The host is not on the operator's list of forges, or its name leads to an address that is not allowed.",
    next: 'Ask the operator to add it, or correct the URL.',
  },
  RepositoryNotAllowed: {
    is: 'stalled',
    what: 'The Credential is not for this repository.',
    next: "Add it to the Credential's repositories, or correct the URL.",
  },
  RepositoryNotFound: {
    is: 'retried',
    what: 'The repository does not exist, or the credential may not see it.',
    next: 'Correct the URL, or give the credential access.',
  },
  BaseBranchNotFound: {
    is: 'retried',
    what: 'The base branch does not exist.',
    next: 'Create it, or correct baseBranch.',
  },
  PathNotFound: {
    is: 'retried',
    what: 'A path does not exist in the base branch.',
    next: 'Create it, or correct paths.',
  },
  MarkerNotFound: {
    is: 'retried',
    what: 'No file under the paths has the marker of this environment.',
    next: 'Put the marker behind the version.',
  },
  MarkersConflict: { is: 'retried', what: 'One value carries two different markers.', next: 'Keep one.' },
  MarkerNotScalar: {
    is: 'retried',
    what: 'The marker does not stand behind a single value.',
    next: 'Move it behind the version.',
  },
  FileNotYaml: { is: 'retried', what: 'A file with the marker is not YAML.', next: 'Correct the file.' },
  EditRefused: {
    is: 'retried',
    what: 'The edit would change more than the marked values, so it was not made.',
    next: 'Simplify the value beside the marker.',
  },
  DigestNotCarried: {
    is: 'stalled',
    what: 'The revision differs by its digest alone and no marker carries a digest.',
    next: 'Add a marker with "$field": "digest".',
  },
  AlreadyInGit: {
    is: 'waiting',
    what: 'The base branch already holds the revision; the environment does not run it yet.',
    next: 'Wait for Flux; look at the app object and its source when it takes long.',
  },
  BranchTampered: {
    is: 'retried',
    what: 'The promotion branch holds a commit that is not ours.',
    next: 'Merge or delete the branch.',
  },
  OwnedByOtherInstance: {
    is: 'retried',
    what: 'The promotion branch belongs to another installation.',
    next: 'Delete the branch, or rename the Pipeline.',
  },
  WriteRefused: {
    is: 'retried',
    what: 'The forge refused the change by a rule of the repository.',
    next: "Allow it in the repository's rules.",
  },
  RateLimited: {
    is: 'retried',
    what: 'The forge asks to wait.',
    next: 'Wait; spread Pipelines over more credentials when it happens often.',
  },
  ForgeUnreachable: {
    is: 'retried',
    what: 'The forge did not answer.',
    next: 'Look at the network and at the state of the forge when it stays so.',
  },
  Unexpected: {
    is: 'retried',
    what: 'The controller failed in a way that it does not know: a fault of its own.',
    next: "Read the controller's log, and report what it says.",
  },
} as const satisfies Record<
  string,
  { is: 'fine' | 'warning' | 'waiting' | 'blocked' | 'retried' | 'stalled'; what: string; next: string }
>;

export type Reason = keyof typeof reasons;

export function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text);
}
