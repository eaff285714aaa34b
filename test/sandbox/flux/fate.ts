/** What becomes of an attempt at a version. What an attempt is and when it happens is the spec's affair, as in Flux. */
export type Fate =
  /** Tests run when the spec enables them, and succeed. */
  | { readonly kind: 'good' }
  /** Good after this long, whatever the pace. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Times out; no retries, so it stalls. */
  | { readonly kind: 'failing' }
  /** Times out `attempts` times (2 unless said otherwise), the object then says that it goes on trying; or, with `recovers`, the next attempt succeeds. */
  | { readonly kind: 'failing-retrying'; readonly attempts?: number; readonly recovers?: boolean }
  /** Times out, is rolled back to the release before and stalls. A first install has none, so it just fails. */
  | { readonly kind: 'rolled-back' }
  /** Upgraded, then a test fails; stalls, unless the spec ignores failed tests. */
  | { readonly kind: 'tests-failing' }
  /** The version is not in the chart's repository: never tried. */
  | { readonly kind: 'chart-missing' }
  /** In progress until it is given another fate. */
  | { readonly kind: 'stuck' };

/** Why helm-controller looks at an object. */
export type Occasion =
  /** The spec was edited, or the interval has passed. */
  | 'look'
  /** The interval has passed, and an object of the release was edited by hand. */
  | 'drifted'
  /** The interval has passed, and somebody has uninstalled the Helm release behind Flux's back. */
  | 'uninstalled';
