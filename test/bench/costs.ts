import type { LoggedRequest } from '../sandbox/forge/request-log.ts';
import { during, inSequence, uncovered, type SentRequest, type Span } from './requests.ts';
import { mean, percentile } from './statistics.ts';

/** One promotion. */
export interface Sample {
  /** From "healthy in the source", as the API server acknowledged it, to "pull request open", as the forge answered it. */
  readonly window: Span;
  /** From the release into the source until everything that follows from it has come to rest. */
  readonly cycle: Span;
  /** Processor time from the begin of the cycle until the pull request is open and the status says so, in milliseconds. */
  readonly cpuMs: number;
  /** Processor time in the whole cycle. */
  readonly cycleCpuMs: number;
}

/** What promotions cost, over all of them. */
export interface Costs {
  readonly ms: { readonly p50: number; readonly p99: number };
  /** Of these, those in which no request to the forge or the API server was under way. */
  readonly ownMs: { readonly p50: number; readonly p99: number };
  /** On average, as `cycleCpuMs` is. */
  readonly cpuMs: number;
  readonly cycleCpuMs: number;
  /** The most that had to wait for each other within a window; mint and revoke of the write token do not count. */
  readonly sequence: number;
  /** The most in one cycle, whatever they are for. */
  readonly forgeRequests: number;
  /** The most that bodies from the forge held in one cycle, in kB (10³ bytes). */
  readonly forgeKB: number;
}

export interface Seen {
  /** By the process that is measured. */
  readonly sent: readonly SentRequest[];
  /** By the forge. */
  readonly answered: readonly LoggedRequest[];
  /** Of the forge's API and archives. */
  readonly forgeOrigins: readonly string[];
}

export function costsOf(samples: readonly Sample[], { sent, answered, forgeOrigins }: Seen): Costs {
  const spread = (values: readonly number[]) => ({
    p50: percentile(values, 0.5),
    p99: percentile(values, 0.99),
  });
  const toForge = sent.filter(({ origin }) => forgeOrigins.includes(origin));
  const counted = toForge.filter(({ path }) => !isAboutTokens(path));
  const answers = answered
    .filter(({ origin }) => origin !== 'web')
    .map((entry) => ({ start: entry.startMs, end: entry.endMs, bytes: entry.bytesOut }));
  const most = (of: (sample: Sample) => number): number => Math.max(...samples.map(of));
  return {
    ms: spread(samples.map(({ window }) => window.end - window.start)),
    ownMs: spread(samples.map(({ window }) => uncovered(window, sent))),
    cpuMs: mean(samples.map(({ cpuMs }) => cpuMs)),
    cycleCpuMs: mean(samples.map(({ cycleCpuMs }) => cycleCpuMs)),
    sequence: most(({ window }) => inSequence(during(window, counted))),
    forgeRequests: most(({ cycle }) => during(cycle, toForge).length),
    forgeKB: most(({ cycle }) => during(cycle, answers).reduce((sum, { bytes }) => sum + bytes, 0)) / 1000,
  };
}

/** Mint and revoke. */
function isAboutTokens(path: string): boolean {
  return path.endsWith('/access_tokens') || path === '/installation/token';
}
