import { randomFillSync } from 'node:crypto';
import type { PieceSet } from './piece-set.ts';

/** Pieces whose hashes are made in one go. */
const mostAtOnce = 1_024;

export interface Pieces {
  /** Characters of a piece. */
  readonly length: number;
  /** Pairs of characters that count as one: `-+`. */
  readonly alike?: readonly string[];
}

/**
 * A rolling hash of 64 bits over pieces of a fixed length: a cyclic polynomial over a random number for each character, so that nobody
 * outside of the process knows what hashes to what. Of a character its lower eight bits count.
 */
export class PieceHash {
  readonly length: number;
  readonly #entering: Tables;
  readonly #leaving: Tables;
  readonly #rolled: Tables = { low: new Int32Array(mostAtOnce), high: new Int32Array(mostAtOnce) };

  constructor({ length, alike = [] }: Pieces) {
    this.length = length;
    const [low, high] = [new Int32Array(256), new Int32Array(256)];
    for (const table of [low, high]) {
      randomFillSync(table);
      for (const pair of alike) table[pair.charCodeAt(0)] = table[pair.charCodeAt(1)] ?? 0;
    }
    this.#entering = { low, high };
    const turned = (table: Int32Array): Int32Array => table.map((each) => turn(each, length));
    this.#leaving = { low: turned(low), high: turned(high) };
  }

  /** Adds the piece that begins at each multiple of `step`, and the last one. */
  addAll(text: string, step: number, into: PieceSet): void {
    const last = text.length - this.length;
    for (let from = 0; from <= last; from += mostAtOnce) {
      const count = this.#roll(text, from, text.length);
      const { low, high } = this.#rolled;
      for (let at = from; at < from + count; at += 1)
        if (at % step === 0 || at === last) into.add(low[at - from] ?? 0, high[at - from] ?? 0);
    }
  }

  /**
   * Tells of every piece in a text that one of the sets holds. Parts with a character that is in no secret are passed over.
   * @param alphabet 1 at the lower eight bits of each character that may be in a piece
   */
  find(
    text: string,
    alphabet: Uint8Array,
    sets: readonly PieceSet[],
    found: (from: number, to: number) => void,
  ): void {
    const { length } = this;
    let from = 0;
    while (from + length <= text.length) {
      // From its end: what is no part of a piece there rules out all pieces with it.
      let at = from + length - 1;
      while (at >= from && alphabet[text.charCodeAt(at) & 255] === 1) at -= 1;
      if (at >= from) {
        from = at + 1;
        continue;
      }
      let to = from + length;
      while (to < text.length && alphabet[text.charCodeAt(to) & 255] === 1) to += 1;
      for (; from + length <= to; from += mostAtOnce) this.#findIn(text, from, to, sets, found);
      from = to + 1;
    }
  }

  #findIn(
    text: string,
    from: number,
    to: number,
    sets: readonly PieceSet[],
    found: (from: number, to: number) => void,
  ): void {
    const count = this.#roll(text, from, to);
    const { low, high } = this.#rolled;
    for (const set of sets) {
      for (let at = 0; at < count; at += 1)
        if (set.has(low[at] ?? 0, high[at] ?? 0)) found(from + at, from + at + this.length);
    }
  }

  /** Puts the hashes of the pieces between two places of a text, of the first 1,024 of them, into `#rolled`; gives how many they are. */
  #roll(text: string, from: number, to: number): number {
    const { length } = this;
    const { low: inLow, high: inHigh } = this.#entering;
    const { low: outLow, high: outHigh } = this.#leaving;
    const { low: lows, high: highs } = this.#rolled;
    const count = Math.min(to - from - length + 1, mostAtOnce);
    let low = 0;
    let high = 0;
    for (let next = 0; next < count + length - 1; next += 1) {
      const entering = text.charCodeAt(from + next) & 255;
      low = ((low << 1) | (low >>> 31)) ^ (inLow[entering] ?? 0);
      high = ((high << 1) | (high >>> 31)) ^ (inHigh[entering] ?? 0);
      const at = next - length;
      if (at >= 0) {
        const leaving = text.charCodeAt(from + at) & 255;
        low ^= outLow[leaving] ?? 0;
        high ^= outHigh[leaving] ?? 0;
      }
      if (at + 1 >= 0) {
        lows[at + 1] = low;
        highs[at + 1] = high;
      }
    }
    return count;
  }
}

interface Tables {
  readonly low: Int32Array;
  readonly high: Int32Array;
}

/** To the left, by fewer than 32 bits. */
function turn(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
