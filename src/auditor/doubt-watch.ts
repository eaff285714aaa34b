export interface DoubtWatchOptions {
  /** Why no audit can be believed now; undefined when they can. */
  readonly doubt: () => string | undefined;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /** It is another doubt than at the last look, or there is none any more. */
  readonly onChange: () => void;
}

/** Notices when audits begin or cease to be doubtful: that nothing is heard any more is no event that anybody would hear of. */
export class DoubtWatch {
  readonly #options: DoubtWatchOptions;
  #last: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DoubtWatchOptions) {
    this.#options = options;
  }

  /** What is doubtful already when it starts is no change. */
  start(): void {
    const { doubt, everyMs } = this.#options;
    this.#last = doubt();
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  /** Tells nothing any more. */
  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = this.#options.doubt();
    if (now === this.#last) return;
    this.#last = now;
    this.#options.onChange();
  }
}
