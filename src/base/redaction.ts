import { createHash, randomBytes } from 'node:crypto';
import { PieceHash } from './piece-hash.ts';
import { PieceSet } from './piece-set.ts';
import { secretForms } from './secret-forms.ts';

const redacted = '[redacted]';

/** So many characters of a secret in a row are no accident; what is shorter is not learned. */
const fewestCharacters = 12;
/** Two sets of so many pieces at most, of 16 bytes each: 370 tokens of 520 characters each, or 110 private keys. */
const mostPieces = 512 * 1024;
const mostSecrets = 8 * 1024;

/** What was learned in one period. */
interface Period {
  readonly pieces: PieceSet;
  /** Digests of the secrets. */
  readonly secrets: Set<string>;
}

/**
 * Knows the secrets of the process without holding them, and takes them out of texts: whole, or any piece of twelve characters, as
 * they are or in base64, URLs, JSON or hex.
 *
 * Of each form the hash of every third piece of ten characters is kept: any twelve characters hold one. Of hex, whose characters say
 * less, every second piece of eleven. Hashes have 64 bits and pieces 60 and 44: with as much in it as goes in, a piece of random
 * characters that is no secret's is taken for one once in 10^12, and a random hex digest of 40 once in a million; with ten secrets
 * it is a hundred times less.
 *
 * What is made of words is not learned: see `secretForms`. A secret that is another's public digest still is, so names and ids in what is
 * read back are left alone: see `redactOurs`.
 *
 * The secrets of the last period are known too; a new one begins when the current is full. One that is in use is learned again in it,
 * and one that was not used for a whole period is forgotten.
 */
class Redaction {
  readonly #key = randomBytes(32);
  /** URLs have base64 with other characters in two places. */
  readonly #text = new PieceHash({ length: fewestCharacters - 2, alike: ['-+', '_/'] });
  readonly #hex = new PieceHash({
    length: fewestCharacters - 1,
    alike: ['Aa', 'Bb', 'Cc', 'Dd', 'Ee', 'Ff'],
  });
  readonly #alphabet = new Uint8Array(256);
  readonly #hexDigits = alphabetOf('0123456789abcdefABCDEF');
  #now = emptyPeriod();
  /** Of this period and the last. */
  #sets: readonly PieceSet[] = [this.#now.pieces];
  #period = 0;
  readonly #faults = new Set<string>();
  #onFault: (where: string) => void = () => {};

  /** Changes when a secret that is in use has to be learned again. */
  get period(): number {
    return this.#period;
  }

  learn(value: Buffer): void {
    if (value.length < fewestCharacters) return;
    const digest = createHash('sha256').update(this.#key).update(value).digest('base64');
    if (this.#now.secrets.has(digest)) return;
    const forms = secretForms(value, fewestCharacters);
    if (forms === undefined) return;
    if (this.#now.pieces.size > mostPieces || this.#now.secrets.size >= mostSecrets) {
      const before = this.#now;
      this.#now = emptyPeriod();
      this.#sets = [this.#now.pieces, before.pieces];
      this.#period += 1;
    }
    this.#now.secrets.add(digest);
    for (const form of forms.texts) {
      this.#text.addAll(form, 3, this.#now.pieces);
      this.#admit(form);
    }
    this.#hex.addAll(forms.hex, 2, this.#now.pieces);
  }

  redact(text: string): string {
    if (this.#now.secrets.size === 0 || text.length < fewestCharacters - 2) return text;
    const found: Span[] = [];
    const add = (from: number, to: number): void => void found.push({ from, to });
    this.#text.find(text, this.#alphabet, this.#sets, add);
    this.#hex.find(text, this.#hexDigits, this.#sets, add);
    return found.length === 0 ? text : without(text, found);
  }

  hear(listener: (where: string) => void): void {
    this.#onFault = listener;
    this.#faults.clear();
  }

  fault(where: string): void {
    if (this.#faults.has(where)) return;
    this.#faults.add(where);
    this.#onFault(where);
  }

  #admit(text: string): void {
    for (let at = 0; at < text.length; at += 1) this.#alphabet[text.charCodeAt(at) & 255] = 1;
    for (const pair of ['-+', '_/']) for (const each of pair) this.#alphabet[each.charCodeAt(0)] = 1;
  }
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function emptyPeriod(): Period {
  return { pieces: new PieceSet(), secrets: new Set() };
}

function alphabetOf(characters: string): Uint8Array {
  const alphabet = new Uint8Array(256);
  for (const each of characters) alphabet[each.charCodeAt(0)] = 1;
  return alphabet;
}

/** The text without the spans, of which those that touch become one. */
function without(text: string, spans: readonly Span[]): string {
  let kept = '';
  let until = 0;
  let isOpen = false;
  for (const span of spans.toSorted((one, other) => one.from - other.from)) {
    const { from, to } = withEscapes(text, span);
    if (from > until || !isOpen) kept += text.slice(until, from) + redacted;
    isOpen = true;
    until = Math.max(until, to);
  }
  return kept + text.slice(until);
}

/** Half of an escape would make JSON unreadable: a span takes all of what it holds one half of. */
function withEscapes(text: string, { from, to }: Span): Span {
  let start = from;
  while (text[start - 1] === '\\') start -= 1;
  let slashes = 0;
  while (to - slashes > start && text[to - slashes - 1] === '\\') slashes += 1;
  return { from: start, to: slashes % 2 === 1 ? to + 1 : to };
}

// One for the process: every place where text leaves it must know every secret, and one that was not handed the knowledge would let all through.
const redaction = new Redaction();

/**
 * Remembers how a secret looks, not what it is. Cheap when it is known already.
 * @param learnedIn what it gave for this secret before
 */
export function learnSecret(value: Buffer, learnedIn?: number): number {
  if (learnedIn !== redaction.period) redaction.learn(value);
  return redaction.period;
}

/** The text without the secrets that are known: the same text when there are none in it. Doing it twice changes nothing. */
export function redact(text: string): string {
  return redaction.redact(text);
}

/**
 * JSON data of which the sentences hold none of the secrets that are known: the same object when there are none. For what we make up ourselves, in which a
 * secret is a fault of ours: whoever hears of faults is told where, once for each.
 */
export function redactOurs<T>(data: T, where: 'status' | 'pull request'): T {
  // In one go, since nearly always there is nothing: a secret in any of its texts shows in the whole, as JSON has it.
  const text = JSON.stringify(data);
  if (redaction.redact(text) === text) return data;
  const clean = redactIn(data, '');
  if (clean !== data) redaction.fault(where);
  return clean as T; // strings are strings again, and all else is as it was
}

/** A text of which some lines are for programs, ours too: those stay as they are. A fault as in `redactOurs`. */
export function redactLines(
  text: string,
  isForPrograms: (line: string) => boolean,
  where: 'pull request',
): string {
  const lines = text.split('\n').map((line) => (isForPrograms(line) ? line : redaction.redact(line)));
  const clean = lines.join('\n');
  if (clean !== text) redaction.fault(where);
  return clean;
}

/** From now on `listener` is told where a secret stood that should not have come there, once for each place. */
export function hearOfFaults(listener: (where: string) => void): void {
  redaction.hear(listener);
}

/** A name, an id or an address is what it is: it is read back, and whoever may write a Secret could otherwise change it for everybody. */
function isWords(text: string, name: string): boolean {
  return name === 'message' || /\s/.test(text);
}

function redactIn(data: unknown, name: string): unknown {
  if (typeof data === 'string') return isWords(data, name) ? redaction.redact(data) : data;
  if (typeof data !== 'object' || data === null) return data;
  if (Array.isArray(data)) {
    const clean = data.map((each) => redactIn(each, name));
    return clean.every((each, index) => each === data[index]) ? data : clean;
  }
  let clean: Record<string, unknown> | undefined;
  for (const [member, value] of Object.entries(data)) {
    const written = redactIn(value, member);
    if (written !== value) clean = { ...(clean ?? data), [member]: written };
  }
  return clean ?? data;
}
