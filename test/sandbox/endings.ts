/** What has to be ended again, in the opposite order. One that fails does not keep the others from their end. */
export class Endings {
  #ends: (() => Promise<unknown>)[] = [];

  push(end: () => Promise<unknown>): void {
    this.#ends.push(end);
  }

  /** Rejects with the first failure once all have been tried. Repeating it does nothing. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (const end of this.#ends.splice(0).toReversed()) {
      await end().catch((thrown: unknown) => failures.push(thrown));
    }
    if (failures.length > 0) throw failures[0];
  }
}
