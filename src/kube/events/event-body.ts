import { randomBytes } from 'node:crypto';
import type { EventsV1Event } from '@kubernetes/client-node';
import { redact } from '../../base/redaction.ts';
import { sentence } from '../../base/sentence.ts';
import { toMicroTime } from '../../base/time.ts';

/** What happened. */
export interface EventContent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  /** For people; shown as one line of at most 1 KiB, without the secrets that are known. */
  readonly note: string;
}

/** What it happened to. */
export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Who says so. */
export interface Reporter {
  readonly name: string;
  readonly instance: string;
}

/** An Event as it goes over the wire, where an instant is text. */
export type EventBody = ReturnType<typeof eventBody>;
type Wire = Omit<EventsV1Event, 'eventTime'> & { readonly eventTime: string };

const maxNoteBytes = 1024;

/** An Event of its own, with a name that no other has, that happened just now. */
export function eventBody(
  regarding: Regarding,
  { type, reason, action, note }: EventContent,
  { name, instance }: Reporter,
) {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: eventName(regarding.name), namespace: regarding.namespace },
    eventTime: toMicroTime(new Date()),
    type,
    reason,
    action,
    note: sentence(redact(note), maxNoteBytes),
    regarding,
    reportingController: `lockkeeper.dev/${name}`,
    reportingInstance: instance.slice(0, 128),
  } satisfies Wire;
}

/** The same for two that say the same of the same object, whenever they happened. */
export function keyOf({ regarding, type, reason, action, note, reportingController }: EventBody): string {
  return JSON.stringify([regarding.uid, type, reason, action, note, reportingController]);
}

/** The object's name and 16 random digits: names of objects and Events are at most 253 long, and no word of them ends with a dash. */
function eventName(of: string): string {
  return `${of.slice(0, 200).replace(/[-.]+$/, '')}.${randomBytes(8).toString('hex')}`;
}
