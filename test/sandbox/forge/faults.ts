import type { Caller } from './caller.ts';

export type FaultEffect =
  /** This status instead of an answer; nothing happens. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection ends before anything happens. */
  | { readonly kind: 'lostRequest' }
  /** Everything happens, then the connection ends without an answer. */
  | { readonly kind: 'lostAnswer' }
  /** The request is handled after so many milliseconds. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Handled at once, answered after so many milliseconds. */
  | { readonly kind: 'delayAnswer'; readonly ms: number }
  /** `until` is called when the request comes, which is handled when that resolves; with `lostRequest` behind it, never. */
  | { readonly kind: 'hold'; readonly until: () => Promise<void> }
  /** Handled at once; then `until` is called, and the answer is given when that resolves. */
  | { readonly kind: 'holdAnswer'; readonly until: () => Promise<void> }
  /** Refs are read as they were before their last move. */
  | { readonly kind: 'staleRead' }
  /** Handled as usual, but the JSON answer is replaced: for proving that a wrong answer is noticed. */
  | { readonly kind: 'tamper'; readonly json: unknown };

export interface Fault {
  /** `POST /graphql`, `POST /repos/{owner}/{repo}/pulls`; every route if absent. */
  readonly route?: string;
  /** A field at the top of the GraphQL document: `updateRefs`. */
  readonly graphql?: string;
  readonly credential?: Caller['kind'];
  /** How many matching requests pass first; 0 by default. */
  readonly after?: number;
  /** How many meet the fault; 1 by default, Infinity for all. */
  readonly count?: number;
  readonly effect: FaultEffect;
}

/** A fault for tokens that will be minted: they are not known everywhere at once. */
export interface FreshTokenFault {
  /** The first uses that are refused. */
  readonly uses?: number;
  /** How long uses are refused, in real milliseconds. */
  readonly ms?: number;
  readonly status: 401 | 404;
}

interface Active {
  readonly fault: Fault;
  passing: number;
  left: number;
}

export interface FaultSubject {
  readonly route: string;
  readonly graphqlFields: readonly string[];
  readonly credential: Caller['kind'];
}

/** The faults that are still to come. */
export class Faults {
  #active: Active[] = [];
  freshTokens: FreshTokenFault | undefined;

  /** Adds faults to those that are there; gives what takes these away again. */
  add(...faults: readonly Fault[]): () => void {
    const added = faults.map((fault) => ({ fault, passing: fault.after ?? 0, left: fault.count ?? 1 }));
    this.#active.push(...added);
    return () => {
      this.#active = this.#active.filter((active) => !added.includes(active));
    };
  }

  clear(): void {
    this.#active = [];
    this.freshTokens = undefined;
  }

  /** The effects that this request meets; each is used up by being taken. */
  take(subject: FaultSubject): FaultEffect[] {
    const met = this.#active.filter((active) => matches(active.fault, subject));
    const effects: FaultEffect[] = [];
    for (const active of met) {
      if (active.passing > 0) {
        active.passing -= 1;
        continue;
      }
      active.left -= 1;
      effects.push(active.fault.effect);
    }
    if (effects.length > 0) this.#active = this.#active.filter((active) => active.left > 0);
    return effects;
  }
}

function matches(fault: Fault, subject: FaultSubject): boolean {
  if (fault.route !== undefined && fault.route !== subject.route) return false;
  if (fault.graphql !== undefined && !subject.graphqlFields.includes(fault.graphql)) return false;
  return fault.credential === undefined || fault.credential === subject.credential;
}
