const fewestSlots = 4_096;

/** A set of 64-bit hashes, given as two halves of 32 bits. Takes 16 to 32 bytes for each, and nothing of what was hashed. */
export class PieceSet {
  /** Both halves beside each other; 0 and 0 where nothing is. */
  #slots = new Int32Array(2 * fewestSlots);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(low: number, high: number): void {
    const at = this.#find(low, high);
    if (!this.#isEmpty(at)) return;
    this.#put(at, low, high);
    this.#size += 1;
    if (this.#size * 4 > this.#slots.length) this.#grow();
  }

  has(low: number, high: number): boolean {
    return !this.#isEmpty(this.#find(low, high));
  }

  /** Where it is, or would be. */
  #find(low: number, high: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (low << 1) & mask;
    while ((slots[at] !== low || slots[at + 1] !== high) && (slots[at] !== 0 || slots[at + 1] !== 0)) {
      at = (at + 2) & mask;
    }
    return at;
  }

  #isEmpty(at: number): boolean {
    return this.#slots[at] === 0 && this.#slots[at + 1] === 0;
  }

  #put(at: number, low: number, high: number): void {
    this.#slots[at] = low;
    this.#slots[at + 1] = high;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(2 * before.length);
    for (let at = 0; at < before.length; at += 2) {
      const low = before[at] ?? 0;
      const high = before[at + 1] ?? 0;
      if (low !== 0 || high !== 0) this.#put(this.#find(low, high), low, high);
    }
  }
}
