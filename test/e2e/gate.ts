import { eventually } from '../sandbox/cluster/eventually.ts';

/** Stops requests on their way through the forge: as `until` of a fault of kind `hold` or `holdAnswer`. */
export interface Gate {
  /** To be called when a request comes there; resolves when it may go on. */
  readonly until: () => Promise<void>;
  /** Resolves when so many have come there, one unless said otherwise. */
  readonly reached: (count?: number) => Promise<void>;
  /** Lets go on whatever has come and will come. */
  readonly open: () => void;
}

export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  let reached = 0;
  return {
    until: async () => {
      reached += 1;
      await promise;
    },
    reached: (count = 1) =>
      eventually(`${count} requests have come to the forge`, () => reached >= count, { deadlineMs: 20_000 }),
    open: () => resolve(),
  };
}
