import { messageOf } from '../../src/base/error.ts';
import { inCluster } from '../../src/kube/clusters/in-cluster.ts';
import { Transport } from '../../src/kube/transport/transport.ts';
import { EventLoopLag } from '../../src/telemetry/event-loop.ts';
import { countResources } from '../kube/leaks.ts';
import { Lane } from './lane.ts';
import {
  laneNames,
  type Answer,
  type Answers,
  type Counted,
  type Measured,
  type Question,
  type RuntimeOrders,
} from './questions.ts';

type Answering = { readonly [What in keyof Answers]: () => Answers[What] | Promise<Answers[What]> };

/**
 * The program under soak: the runtime alone in a process, so that its heap, its sockets and the pauses of its event loop are its own.
 * It is asked by IPC, and ends by itself once it was stopped and nothing is left that would keep it.
 */
function startRuntime({ accountFolder, seed }: RuntimeOrders): Answering {
  const transport = new Transport(inCluster(accountFolder, process.env));
  const lanes = laneNames.map(
    (name, index) => new Lane({ name, transport, seed: seed + index, writes: name === 'stream' }),
  );
  const lag = new EventLoopLag();
  const longestStall = lag.reader();
  const started = Promise.all(lanes.map((lane) => lane.start()));
  started.catch(() => undefined);
  return {
    synced: async () => {
      await started;
      return true;
    },
    digest: () => lanes.map((lane) => lane.digest()),
    lines: () => lanes.map((lane) => lane.lines()),
    measure: () => measure(lanes),
    count: () => count(lanes),
    stall: longestStall,
    stop: async () => {
      await Promise.all(lanes.map((lane) => lane.stop()));
      await transport.close();
      lag.stop();
      return true;
    },
  };
}

async function measure(lanes: readonly Lane[]): Promise<Measured> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('start it with --expose-gc');
  for (let round = 0; round < 2; round += 1) {
    gc();
    // Finalizers run after it, and let go of more.
    await new Promise(setImmediate);
  }
  // An immediate is over before anybody could call it left behind.
  const { Immediate: _, ...resources } = countResources();
  return {
    heapMB: process.memoryUsage().heapUsed / 1e6,
    resources,
    listeners: lanes.reduce((sum, { listeners }) => sum + listeners, 0),
  };
}

function count(lanes: readonly Lane[]): Counted {
  const passes = { ok: 0, requeued: 0, failed: 0 };
  const troubles: Record<string, number> = {};
  for (const lane of lanes) {
    passes.ok += lane.passes.ok;
    passes.requeued += lane.passes.requeued;
    passes.failed += lane.passes.failed;
    for (const [code, times] of lane.troubles) troubles[code] = (troubles[code] ?? 0) + times;
  }
  return { passes, statusWrites: lanes.reduce((sum, lane) => sum + lane.statusWrites, 0), troubles };
}

async function answer(answering: Answering, { id, what }: Question): Promise<void> {
  try {
    const value = await answering[what]();
    process.send?.({ id, value } satisfies Answer);
    if (what === 'stop') process.disconnect();
  } catch (thrown) {
    process.send?.({ id, failure: messageOf(thrown) } satisfies Answer);
  }
}

const orders = JSON.parse(process.argv[2] ?? '') as RuntimeOrders; // written by runtime-process.ts
const answering = startRuntime(orders);
let isStopping = false;
process.on('message', (question: Question) => {
  isStopping ||= question.what === 'stop';
  void answer(answering, question);
});
process.on('disconnect', () => {
  // Nobody is left to tell us to stop.
  if (!isStopping) process.exit(1);
});
