import { setTimeout as delay } from 'node:timers/promises';
import type { ControlPlane } from '../sandbox/cluster/control-plane.ts';
import { isFollowing, isNextPage, isWatch, isWhole, type Asked } from '../kube/asked.ts';
import { statusOf, type Effect, type Fault, type FaultProxy } from '../kube/fault-proxy.ts';
import type { Cutting } from '../kube/relay.ts';
import type { Account } from './account.ts';
import type { Random } from '../random.ts';
import type { RuntimeProcess } from './runtime-process.ts';

/** What can be broken. */
export interface Breakable {
  readonly proxy: FaultProxy;
  readonly controlPlane: ControlPlane;
  readonly account: Account;
  readonly runtime: RuntimeProcess;
}

/** Does what its name says; gives how often it met something. */
type Strike = (at: Breakable, random: Random) => Fault | Promise<Fault>;

const isRead = (asked: Asked): boolean => isWatch(asked) || asked.verb === 'list';
const isWrite = ({ verb }: Asked): boolean => verb === 'patch';

/** Each is as likely as its share. */
const table = {
  'watches are reset': [3, ({ proxy }) => struck(resetWatches(proxy))],
  'watches are ended': [2, ({ proxy }) => onWatches(proxy, (watch) => watch.end())],
  'all connections break': [1, ({ proxy }) => struck(proxy.open, () => proxy.breakAll())],
  'idle connections are closed': [1, ({ proxy }) => struck(1, () => proxy.closeIdle())],
  '500 on reads': [2, refusing(isRead, 500, 4)],
  '429 on reads': [2, refusing(isRead, 429, 3)],
  '401 on reads': [2, refusing(isRead, 401, 4)],
  '403 on reads': [1, refusing(isRead, 403, 3)],
  '410 on watches': [2, refusing(isFollowing, 410, 2)],
  '500 on writes': [2, planned(isWrite, { kind: 'refuse', status: 500 }, 20)],
  '429 on writes': [1, planned(isWrite, { kind: 'refuse', status: 429, retryAfterSeconds: 1 }, 20)],
  'writes are reset': [1, planned(isWrite, { kind: 'reset' }, 5)],
  'writes are not answered': [1, planned(isWrite, { kind: 'silence' }, 2)],
  'answers come late': [2, ({ proxy }, random) => late(proxy, random.between(500, 3_000))],
  'ERROR 410': [3, ({ proxy }) => onWatches(proxy, (watch) => watch.inject(errorEvent(410)))],
  'ERROR 500': [2, ({ proxy }) => onWatches(proxy, (watch) => watch.inject(errorEvent(500)))],
  'a malformed line': [2, ({ proxy }) => onWatches(proxy, (watch) => watch.inject('{"type":"ADDED","obj'))],
  'silence on watches': [1, ({ proxy }) => onWatches(proxy, (watch) => watch.freeze())],
  'silence on reads': [1, onReading(isRead, () => ({ kind: 'silence' }))],
  'a list is reset in its middle': [
    2,
    relisting(isWhole, (random) => ({ kind: 'reset', afterBytes: random.between(1, 400_000) })),
  ],
  'a list expires': [2, relisting(isNextPage, () => ({ kind: 'refuse', status: 410 }))],
  'letters come one byte at a time': [2, onReading(isFollowing, () => ({ kind: 'cut', cut: byteByByte() }))],
  'letters are split': [
    2,
    relisting(isRead, (random) => ({ kind: 'cut', cut: (bytes) => split(bytes, random) })),
  ],
  'no bookmarks': [
    2,
    onReading(isFollowing, () => ({ kind: 'query', query: { allowWatchBookmarks: 'false' } })),
  ],
  'connections are refused': [2, ({ proxy }, random) => cutOff(proxy, random.between(500, 5_000))],
  'the token is rotated': [1, ({ account, proxy }) => rotateToken(account, proxy)],
  'the authority is rotated': [1, ({ account, proxy }) => rotateAuthority(account, proxy)],
  'the runtime stands still': [2, ({ runtime }, random) => stop(runtime, random.between(500, 4_000))],
  'etcd stands still': [
    0.5,
    ({ controlPlane }, random) => stall(controlPlane, 'etcd', random.between(500, 3_000)),
  ],
  'the API server stands still': [
    1,
    ({ controlPlane }, random) => stall(controlPlane, 'kube-apiserver', random.between(500, 4_000)),
  ],
  'the API server is killed': [0.5, ({ controlPlane }) => restart(controlPlane)],
} as const satisfies Readonly<Record<string, readonly [share: number, strike: Strike]>>;

export type FaultName = keyof typeof table;

export const faultNames = Object.keys(table) as readonly FaultName[]; // its own keys

export function strike(name: FaultName, at: Breakable, random: Random): Fault | Promise<Fault> {
  const [, begin] = table[name];
  return begin(at, random);
}

/** One of them by its share. */
export function anyFault(random: Random): FaultName {
  const sum = faultNames.reduce((all, name) => all + table[name][0], 0);
  let left = random.next() * sum;
  return faultNames.find((name) => (left -= table[name][0]) < 0) ?? 'watches are reset';
}

/** Of what happens at once. */
function struck(hits: number, happen: () => void = () => undefined): Fault {
  happen();
  return { hits: () => hits, lift: () => undefined };
}

function resetWatches({ watches }: FaultProxy): number {
  for (const watch of watches) watch.reset();
  return watches.length;
}

function onWatches({ watches }: FaultProxy, happen: (watch: FaultProxy['watches'][number]) => void): Fault {
  for (const watch of watches) happen(watch);
  return struck(watches.length);
}

function planned(on: (asked: Asked) => boolean, effect: Effect, times: number): Strike {
  return ({ proxy }) => proxy.plan({ on, effect, times });
}

/** Watches begin anew and so meet what is planned, both at once. */
function onReading(on: (asked: Asked) => boolean, effect: (random: Random) => Effect): Strike {
  return ({ proxy }, random) => {
    const fault = proxy.plan({ on, effect: effect(random), times: 2 });
    resetWatches(proxy);
    return fault;
  };
}

function refusing(on: (asked: Asked) => boolean, status: number, most: number): Strike {
  return ({ proxy }, random) => {
    const effect = { kind: 'refuse', status, ...(status === 429 ? { retryAfterSeconds: 1 } : {}) } as const;
    const fault = proxy.plan({ on, effect, times: random.between(1, most) });
    resetWatches(proxy);
    return fault;
  };
}

/** All is read anew, and meets what is planned. */
function relisting(on: (asked: Asked) => boolean, effect: (random: Random) => Effect): Strike {
  return ({ proxy }, random) => {
    const fault = proxy.plan({ on, effect: effect(random), times: 2 });
    onWatches(proxy, (watch) => watch.inject(errorEvent(410)));
    return fault;
  };
}

function late(proxy: FaultProxy, ms: number): Fault {
  const fault = proxy.plan({ on: () => true, effect: { kind: 'delay', ms }, times: 5 });
  resetWatches(proxy);
  return fault;
}

async function cutOff(proxy: FaultProxy, ms: number): Promise<Fault> {
  const { open } = proxy;
  proxy.cut();
  await delay(ms);
  proxy.mend();
  return struck(open);
}

async function rotateToken(account: Account, proxy: FaultProxy): Promise<Fault> {
  await account.rotate();
  resetWatches(proxy);
  return struck(1);
}

async function rotateAuthority(account: Account, proxy: FaultProxy): Promise<Fault> {
  proxy.changeCertificate();
  await account.trust(proxy.ca);
  proxy.breakAll();
  return struck(1);
}

async function stop(runtime: RuntimeProcess, ms: number): Promise<Fault> {
  await runtime.pause(ms);
  return struck(1);
}

async function stall(
  controlPlane: ControlPlane,
  name: 'etcd' | 'kube-apiserver',
  ms: number,
): Promise<Fault> {
  await controlPlane.kill(name, 'SIGSTOP');
  await delay(ms);
  await controlPlane.kill(name, 'SIGCONT');
  return struck(1);
}

async function restart(controlPlane: ControlPlane): Promise<Fault> {
  await controlPlane.kill('kube-apiserver');
  await controlPlane.restart('kube-apiserver');
  return struck(1);
}

function errorEvent(status: number): string {
  return JSON.stringify({ type: 'ERROR', object: statusOf(status, 'the soak says so') });
}

/** So for the first bytes of a watch, as each costs a packet. */
function byteByByte(): Cutting {
  let left = 4_000;
  return (bytes) => {
    const singly = bytes.subarray(0, left);
    left -= singly.length;
    const rest = bytes.subarray(singly.length);
    return [...Array.from(singly, (byte) => Uint8Array.of(byte)), ...(rest.length > 0 ? [rest] : [])];
  };
}

/** Into three, at random. */
function split(bytes: Buffer, random: Random): Uint8Array[] {
  const [first = 0, second = 0] = [random.below(bytes.length + 1), random.below(bytes.length + 1)].sort(
    (a, b) => a - b,
  );
  const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
  return pieces.filter(({ length }) => length > 0);
}
