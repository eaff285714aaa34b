import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { Queue } from '../../../src/kube/queue/queue.ts';
import { QueueModel } from './queue-model.ts';
import { takenBy } from './workers.ts';

beforeEach(() => {
  jest.useFakeTimers();
  // In the middle: nothing is early or late.
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const key = fc.tuple(fc.nat(2), fc.nat(2)).map(([namespace, name]) => `${'abc'[namespace]}/${name}`);
/** In steps of ten, since two that are due within a millisecond may come as one. */
const ms = fc.oneof(fc.nat(30), fc.nat(3_000)).map((each) => each * 10);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('addAfter' as const), key, ms }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('addSoon' as const, 'addAfterFailure' as const, 'succeeded' as const),
      key,
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('done' as const), which: fc.nat(8) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms }) },
);

test.each([Infinity, 2, 1])(
  'with %d at once of a namespace no key is worked on twice at once, none is lost, none invented, and they come in their order',
  async (perNamespace) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 150, size: 'max' }), async (steps) => {
        const queue = new Queue({ perNamespace });
        const model = new QueueModel(perNamespace);
        /** What the queue handed to the worker that waits. */
        let handed: string | undefined;
        const take = async (): Promise<void> => {
          // A worker at a time: of two that wait, either may get what comes at the same time.
          if (model.isAwaited) return;
          handed = undefined;
          const expected = model.take();
          const taking = queue.take();
          if (expected !== undefined) expect(await taking).toBe(expected);
          else void taking.then((got) => (handed = got));
        };
        const done = (which: number): void => {
          const gone = [...model.running][which % Math.max(1, model.running.size)];
          if (gone === undefined) return;
          queue.done(gone);
          model.done(gone);
        };
        const pass = (time: number): void => {
          jest.advanceTimersByTime(time);
          model.pass(time);
        };
        const agree = async (): Promise<void> => {
          // What was handed over arrives.
          for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
          expect([queue.depth, handed]).toEqual([model.depth, model.handed]);
        };
        for (const each of steps) {
          if (each.do === 'take') await take();
          else if (each.do === 'done') done(each.which);
          else if (each.do === 'pass') pass(each.ms);
          else if (each.do === 'addAfter') {
            queue.addAfter(each.key, each.ms);
            model.addAfter(each.key, each.ms);
          } else {
            queue[each.do](each.key);
            model[each.do](each.key);
          }
          await agree();
        }
        for (let round = 0; !model.isIdle && round < 50; round += 1) {
          while (model.running.size > 0) done(0);
          await agree();
          pass(600_000);
          await agree();
          while (model.depth > 0 && !model.isAwaited) await take();
        }
        expect(model.isIdle).toBe(true);
        // Not one key more than the model has seen.
        if (!model.isAwaited) {
          const rest = takenBy(queue);
          await jest.advanceTimersByTimeAsync(600_000);
          expect(rest).toEqual([]);
        }
        queue.close();
        expect(jest.getTimerCount()).toBe(0);
      }),
      { numRuns: 80 },
    );
  },
);
