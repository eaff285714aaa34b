import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ControllerProcess } from '../sandbox/controller-process.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import type { Fault } from '../sandbox/forge/faults.ts';
import { gate, type Gate } from './gate.ts';
import { leaseOf, linesOf, printTime, said } from './replicas.ts';
import { untilSameAsServer } from './same-as-server.ts';
import { nextVersion, startScene, type Scene, type Stage } from './scene.ts';

/**
 * A leader that stands still past the end of its Lease while it writes to the forge, and then goes on as if nothing had happened:
 *
 *     first   writes ──┤stopped                                    resumed├─ ends
 *     forge            ├ holds the writes ────────────── carries them out ┤
 *     second  stands by ───────┤leads, does the same writes┤
 */
const credentials = ['githubApp', 'token'] as const;
const places = ['tree', 'move', 'early-move', 'opening'] as const;
type Place = (typeof places)[number];

const requestsOf: Readonly<Record<Place, readonly Pick<Fault, 'route' | 'graphql'>[]>> = {
  // The first request of the making of a commit.
  tree: [{ route: 'POST /repos/{owner}/{repo}/git/trees' }],
  move: [{ graphql: 'updateRefs' }],
  // Comes late, but before the other replica has moved the branch.
  'early-move': [{ graphql: 'updateRefs' }],
  opening: [
    { route: 'POST /repos/{owner}/{repo}/pulls' },
    { route: 'PATCH /repos/{owner}/{repo}/pulls/{pull_number}' },
  ],
};

let scene: Scene;
let first: ControllerProcess;
let second: ControllerProcess;
const stages = new Map<string, Stage>();
let firstEnd: Ending;

interface Ending {
  readonly code: number | NodeJS.Signals;
  /** Forge requests that began after it was resumed and before it had ended. */
  readonly begun: readonly string[];
}

function stagesAt(place: Place): Stage[] {
  return credentials.flatMap((credential) => stages.get(`${credential} ${place}`) ?? []);
}

async function isProposed(stage: Stage, version: string): Promise<void> {
  await stage.eventually(
    `a pull request for ${version} is open`,
    ({ promotion }) => promotion?.phase === 'Proposed' && promotion.revision.version === version,
    30_000,
  );
}

/** Releases a version everywhere; resolves when the leader has come to its place with each of them, where the forge holds it. */
async function holdAll(version: string): Promise<ReadonlyMap<Place, Gate>> {
  const held = new Map<Place, Gate>();
  for (const place of places) {
    const holding = gate();
    held.set(place, holding);
    const effect = { kind: 'hold', until: holding.until } as const;
    const faults = requestsOf[place].map((request) => ({ ...request, count: credentials.length, effect }));
    const clear = scene.world.forge.faults.add(...faults);
    await Promise.all(stagesAt(place).map((stage) => stage.release(version)));
    await holding.reached(credentials.length);
    clear();
  }
  return held;
}

async function allCarriedOut(count: number): Promise<void> {
  const { log } = scene.world.forge;
  await eventually(
    'all that was held has been carried out',
    () => log.entries().filter(({ fault }) => fault === 'hold').length === count,
  );
}

async function resume(stopped: ControllerProcess): Promise<Ending> {
  const resumedAt = Date.now();
  stopped.kill('SIGCONT');
  const code = await stopped.exited;
  const endedAt = Date.now();
  printTime('stopped leader resumed: it has ended', endedAt - resumedAt);
  const began = scene.world.forge.log
    .entries()
    .filter(({ startMs }) => startMs > resumedAt && startMs <= endedAt);
  return { code, begun: began.map(({ route }) => route) };
}

async function expectEnded(stopped: ControllerProcess, { code, begun }: Ending): Promise<void> {
  expect(code).toBe(1);
  const last = (await linesOf(stopped)).at(-1);
  expect(last).toMatchObject({ msg: 'the controller failed', err: { code: 'LeadershipLost' } });
  const allowed = /^GET |^POST \/graphql repository$|^DELETE \/installation\/token$/;
  expect(begun.filter((route) => !allowed.test(route))).toEqual([]);
}

beforeAll(async () => {
  scene = await startScene({ controller: false });
  const { world } = scene;
  const { faults } = world.forge;
  first = await world.restartController();
  await said(first, 'leading');
  second = await world.startReplica();
  await Promise.all(
    credentials.flatMap((credential) =>
      places.map(async (place) => {
        const namespace = `${credential === 'token' ? 'pat' : 'app'}-${place}`;
        stages.set(`${credential} ${place}`, await scene.stage(namespace, { credential }));
      }),
    ),
  );

  const held = await holdAll(nextVersion);
  first.kill('SIGSTOP');
  const stoppedAt = Date.now();
  const others = gate();
  const moves = credentials.length * (places.length - 1);
  faults.add({ graphql: 'updateRefs', count: moves, effect: { kind: 'hold', until: others.until } });

  printTime('leader stopped by SIGSTOP: another leads', (await said(second, 'leading', 30_000)) - stoppedAt);
  await others.reached(moves);
  held.get('early-move')?.open();
  await eventually('the branches move for the first one', () =>
    stagesAt('early-move').every(({ proposal }) => proposal.head !== undefined),
  );
  others.open();
  await Promise.all([...stages.values()].map((stage) => isProposed(stage, nextVersion)));
  printTime('leader stopped by SIGSTOP: the other has done its work', Date.now() - stoppedAt);

  for (const late of held.values()) late.open();
  await allCarriedOut(credentials.length * places.length + moves);
  firstEnd = await resume(first);
}, 150_000);
afterAll(async () => await scene.stop());

test('the one that was stopped ends, says why, and begins no write to the forge any more', async () => {
  await expectEnded(first, firstEnd);
});

describe.each(credentials)('with a %s', (credential) => {
  test.each(places)('there is one effect when it was stopped at the %s', async (place) => {
    const stage = stages.get(`${credential} ${place}`);
    if (stage === undefined) throw new Error('there is no such stage');
    const status = await stage.staging();
    const { head = '', pullRequests } = stage.proposal;
    expect(status?.promotion).toMatchObject({ commit: head, pullRequest: { number: 1, state: 'Open' } });
    expect(pullRequests.map(({ title, state, headOid }) => ({ title, state, headOid }))).toEqual([
      {
        title: `Promote ${stage.namespace}/podinfo in staging to ${nextVersion}`,
        state: 'open',
        headOid: head,
      },
    ]);
    expect(await stage.warnings()).not.toContain('BranchTampered');
  });
});

test('the other one goes on with all of them', async () => {
  await Promise.all([...stages.values()].map((stage) => stage.release('6.3.0')));
  await Promise.all([...stages.values()].map((stage) => isProposed(stage, '6.3.0')));
  for (const { proposal } of stages.values()) expect(proposal.pullRequests).toHaveLength(1);
  await untilSameAsServer(scene.world, second);
}, 60_000);

// Nobody else leads yet, and the requests that were under way are not too old to go on: only the deadline itself forbids it.
test('one that was stopped past its renew deadline alone ends as well, and begins no write', async () => {
  const { world } = scene;
  const third = await world.startReplica();
  const before = world.forge.log.entries().filter(({ fault }) => fault === 'hold').length;
  const held = await holdAll('6.4.0');
  second.kill('SIGSTOP');
  const stoppedAt = Date.now();
  await eventually(
    'the Lease was not renewed for 10 s',
    async () => Date.now() - (await leaseOf(world)).renewedAt > 10_100,
    { deadlineMs: 20_000 },
  );
  for (const late of held.values()) late.open();
  await allCarriedOut(before + credentials.length * places.length);
  await expectEnded(second, await resume(second));

  printTime(
    'leader stopped past its renew deadline: another leads',
    (await said(third, 'leading', 30_000)) - stoppedAt,
  );
  await Promise.all([...stages.values()].map((stage) => isProposed(stage, '6.4.0')));
  for (const stage of stages.values()) {
    expect(stage.proposal.pullRequests).toHaveLength(1);
    expect(await stage.warnings()).not.toContain('BranchTampered');
  }
  await untilSameAsServer(world, third);
}, 120_000);
