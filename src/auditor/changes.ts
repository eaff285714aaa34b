/** What a change of RBAC touches: one namespace, or '' for the cluster. */
type Where = string;

export interface ChangesOptions {
  /** Milliseconds that changes are gathered for; asked when the first of them comes. */
  readonly gatherMs: () => number;
  /** Told of all that changed meanwhile, each place once. */
  readonly onGathered: (places: ReadonlySet<Where>) => void;
}

/** Gathers changes of RBAC: a rollout that touches a thousand objects is to be looked at once and not a thousand times. */
export class Changes {
  readonly #options: ChangesOptions;
  #places = new Set<Where>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  add(place: Where): void {
    if (this.#isClosed) return;
    this.#places.add(place);
    this.#timer ??= setTimeout(() => this.#tell(), this.#options.gatherMs());
  }

  /** Tells nothing any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #tell(): void {
    const places = this.#places;
    this.#places = new Set();
    this.#timer = undefined;
    this.#options.onGathered(places);
  }
}
