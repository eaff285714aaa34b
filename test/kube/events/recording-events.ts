import type { EventsV1Event } from '@kubernetes/client-node';
import type { EventContent, Regarding } from '../../../src/kube/events/event-body.ts';
import { Events } from '../../../src/kube/events/events.ts';
import type { Request } from '../../../src/kube/transport/transport.ts';

export interface Recorded {
  readonly events: Events;
  readonly sent: Request[];
  readonly troubles: unknown[];
}

/** Events, with a transport that answers each call by `answer`. */
export function recorded(
  answer: (request: Request) => Promise<unknown> = () => Promise.resolve({}),
): Recorded {
  const sent: Request[] = [];
  const troubles: unknown[] = [];
  const transport = {
    call: (request: Request) => {
      sent.push(request);
      return answer(request);
    },
  };
  const events = new Events(transport, { name: 'controller', instance: 'pod-1' }, (error) =>
    troubles.push(error),
  );
  return { events, sent, troubles };
}

export function boat(name = 'anna'): Regarding {
  return { apiVersion: 'canal.test/v1', kind: 'Boat', namespace: 'canal', name, uid: `uid-of-${name}` };
}

export function risen(note = 'anna rose to the next level'): EventContent {
  return { type: 'Normal', reason: 'Risen', action: 'Raise', note };
}

/** The body of one that was sent. */
export function bodyOf(request: Request | undefined): EventsV1Event {
  return request?.body as EventsV1Event; // what the test sends; the cluster's tests send it to a real server
}
