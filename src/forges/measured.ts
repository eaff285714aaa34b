import { codeOf, isAborted } from '../base/error.ts';
import type { Provider } from './provider.ts';

/** One call to a forge, when it has ended. */
export interface MeasuredCall {
  /** `look`, `mintToken`, … */
  readonly name: string;
  readonly milliseconds: number;
  /** `ok`, `Aborted`, or the error's code. */
  readonly outcome: string;
}

/** Told of every call: at its begin, and by what that gives back at its end. */
export type Meter = (name: string) => (ended: MeasuredCall) => void;

/** The same provider, with every call of what it makes reported to `meter`. */
export function measured(provider: Provider, meter: Meter): Provider {
  return {
    ...provider,
    identity: (connection) => measuredCalls(provider.identity(connection), meter),
    open: (connection, repository, token) =>
      measuredCalls(provider.open(connection, repository, token), meter),
  };
}

/** The same object, with every call of its asynchronous methods reported to `meter`. What is no function stays as it is. */
function measuredCalls<T extends object>(target: T, meter: Meter): T {
  const counted: T = { ...target };
  for (const [name, value] of Object.entries(target) as [string, unknown][] /* any, says the library */) {
    if (typeof value !== 'function') continue;
    const method = (...inputs: unknown[]): unknown => Reflect.apply(value, target, inputs);
    Reflect.set(counted, name, measuredCall(name, method, meter));
  }
  return counted;
}

function measuredCall(
  name: string,
  method: (...inputs: unknown[]) => unknown,
  meter: Meter,
): (...inputs: unknown[]) => Promise<unknown> {
  return async (...inputs) => {
    const ended = meter(name);
    const start = performance.now();
    let outcome = 'ok';
    try {
      return await method(...inputs);
    } catch (thrown) {
      outcome = isAborted(thrown) ? 'Aborted' : codeOf(thrown);
      throw thrown;
    } finally {
      ended({ name, milliseconds: performance.now() - start, outcome });
    }
  };
}
