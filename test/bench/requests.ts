import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { eventually } from '../sandbox/cluster/eventually.ts';

/** A span of time in milliseconds since the epoch. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const line = z.object({
  origin: z.string(),
  method: z.string(),
  path: z.string(),
  start: z.number(),
  end: z.number(),
  status: z.number(),
});

/** A request as the process that sent it saw it. */
export type SentRequest = z.infer<typeof line>;

/** What `watch-requests.ts` wrote, once it holds all that ended before `until`. Rejects when it does not within seconds. */
export async function readRequests(file: string, until: number): Promise<readonly SentRequest[]> {
  let requests: readonly SentRequest[] = [];
  await eventually(`${file} holds the last request`, async () => {
    const text = await readFile(file, 'utf8').catch(() => '');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    requests = whole.split('\n').flatMap((each) => (each === '' ? [] : [line.parse(JSON.parse(each))]));
    return requests.some(({ end }) => end >= until - 1);
  });
  return requests;
}

/** Those that were under way at some time in the span. */
export function during<T extends Span>(span: Span, spans: readonly T[]): readonly T[] {
  return spans.filter(({ start, end }) => end > span.start && start < span.end);
}

/** How much of the span no other one covers, in milliseconds. */
export function uncovered(span: Span, others: readonly Span[]): number {
  let free = 0;
  let at = span.start;
  for (const { start, end } of others.toSorted((a, b) => a.start - b.start)) {
    free += Math.max(0, Math.min(start, span.end) - at);
    at = Math.max(at, end);
  }
  return free + Math.max(0, span.end - at);
}

/** The longest chain of spans in which each begins after the one before has ended: what is sent at once counts once. */
export function inSequence(spans: readonly Span[]): number {
  let chain = 0;
  let at = -Infinity;
  for (const { start, end } of spans.toSorted((a, b) => a.end - b.end)) {
    if (start < at) continue;
    chain += 1;
    at = end;
  }
  return chain;
}
