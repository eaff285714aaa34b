import type { AccessFacts } from '../telemetry/health.ts';
import type { Found } from './reconcile.ts';

type Counts = Record<string, number>;

/** What was found of each Credential last, for metrics that tell of all together. */
export class Tally {
  readonly #found = new Map<string, { readonly verdict: string; readonly classes: Counts }>();

  /** @param found undefined: the Credential is gone */
  note(key: string, found: Found | undefined): void {
    if (found === undefined) {
      this.#found.delete(key);
      return;
    }
    const classes: Counts = {};
    for (const { class: name } of found.report.others) classes[name] = (classes[name] ?? 0) + 1;
    this.#found.set(key, { verdict: found.answer.verdict, classes });
  }

  facts(): AccessFacts {
    const verdicts: Counts = { Exclusive: 0, Shared: 0, Exposed: 0, Unknown: 0 };
    const others: Counts = { Read: 0, Overwrite: 0, Indirect: 0 };
    for (const { verdict, classes } of this.#found.values()) {
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
      for (const [name, count] of Object.entries(classes)) others[name] = (others[name] ?? 0) + count;
    }
    return { verdicts, others };
  }
}
