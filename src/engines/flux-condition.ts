import { z } from 'zod';
import { sentence } from '../base/sentence.ts';

/** More than a sentence holds, so that a message cut here and one that was never cut give the same sentence. */
const keptMessageBytes = 300;

/** The fields that we read of a condition as Flux writes it (`metav1.Condition`). */
export const fluxCondition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().default(''),
  message: z
    .string()
    .default('')
    .transform((message) => sentence(message, keptMessageBytes)),
  observedGeneration: z.number().optional(),
  lastTransitionTime: z.string().optional(),
});
export type FluxCondition = z.infer<typeof fluxCondition>;

/** When the condition changed; undefined when it does not say or says nonsense. */
export function changedAt({ lastTransitionTime }: FluxCondition): Date | undefined {
  const time = new Date(lastTransitionTime ?? NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** Flux's own reason and message. */
export function quote({ reason, message }: FluxCondition): string {
  return message === '' ? reason : `${reason}: ${message}`;
}
