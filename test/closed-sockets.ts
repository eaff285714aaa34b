import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Which sockets of clients are in memory, of those that are opened from now on. */
export function followSockets(): {
  readonly opened: () => number;
  readonly kept: () => number;
  readonly stop: () => void;
} {
  const opened: WeakRef<object>[] = [];
  const take = (message: unknown): void => {
    if (typeof message !== 'object' || message === null || !('socket' in message)) return;
    if (typeof message.socket === 'object' && message.socket !== null)
      opened.push(new WeakRef(message.socket));
  };
  subscribe('net.client.socket', take);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void; // what the flag gives
  return {
    opened: () => opened.length,
    kept: () => {
      collect();
      return opened.filter((each) => each.deref() !== undefined).length;
    },
    stop: () => unsubscribe('net.client.socket', take),
  };
}
