import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { renderChart, type RenderedChart } from '../sandbox/chart.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { startController, type ControllerProcess } from '../sandbox/controller-process.ts';
import { startListingCluster, type ListingCluster } from './listing-cluster.ts';
import { untilAllowed } from './until-allowed.ts';
import { BareInstall, type LeaseBefore, type Seen } from './bare-install.ts';

/** What breaks when the controller does not have a right, and what has to happen before anybody can see it. */
interface Row {
  readonly breaks: keyof Seen;
  /** Who holds the Lease before; nobody yet, unless said otherwise. */
  readonly lease?: LeaseBefore;
  readonly after?: 'the same thing happened twice and it has ended';
}

const needed: Readonly<Record<string, Row>> = {
  'list pipelines.lockkeeper.dev': { breaks: 'knows Pipelines' },
  'watch pipelines.lockkeeper.dev': { breaks: 'knows Pipelines' },
  'list credentials.lockkeeper.dev': { breaks: 'knows Credentials' },
  'watch credentials.lockkeeper.dev': { breaks: 'knows Credentials' },
  'list helmreleases.helm.toolkit.fluxcd.io': { breaks: 'knows HelmReleases' },
  'watch helmreleases.helm.toolkit.fluxcd.io': { breaks: 'knows HelmReleases' },
  'list namespaces': { breaks: 'knows namespaces' },
  'watch namespaces': { breaks: 'knows namespaces' },
  'patch pipelines/status.lockkeeper.dev': { breaks: 'says in a Pipeline what it waits for' },
  'patch credentials/status.lockkeeper.dev': { breaks: 'says in a Credential how it is' },
  'create events.events.k8s.io': { breaks: 'tells in Events what has changed' },
  'patch events.events.k8s.io': {
    breaks: 'counts what happens again in one Event',
    after: 'the same thing happened twice and it has ended',
  },
  'get leases.coordination.k8s.io lockkeeper-controller': { breaks: 'is chosen among replicas' },
  'create leases.coordination.k8s.io': { breaks: 'is chosen among replicas' },
  'update leases.coordination.k8s.io lockkeeper-controller': {
    breaks: 'is chosen among replicas',
    lease: 'free',
  },
  'watch leases.coordination.k8s.io lockkeeper-controller': {
    breaks: 'stands by without trouble',
    lease: 'held',
  },
  // The right that examples/credential.yaml gives.
  'get secrets acme-promoter': { breaks: 'reads the Secret of a Credential' },
};

// Of its own, since there are controllers everywhere in it.
let listing: ListingCluster;
let chart: RenderedChart;

beforeAll(async () => {
  listing = await startListingCluster();
  const { helm } = await listing.cluster.tools();
  const nowhere = 'http://127.0.0.1:9';
  chart = await renderChart(helm, {
    forges: [
      { host: 'github.com', provider: 'github', apiURL: nowhere, allowHTTP: true, allowPrivateNetwork: true },
    ],
    auditor: { enabled: false },
  });
  await listing.cluster.applyYaml(
    await readFile(new URL('../sandbox/flux/crd.yaml', import.meta.url), 'utf8'),
  );
  for (const name of ['pipelines', 'credentials']) {
    const file = new URL(`../../crds/lockkeeper.dev_${name}.yaml`, import.meta.url);
    await listing.cluster.applyYaml(await readFile(file, 'utf8'));
  }
}, 600_000); // the first start on a machine builds the servers

afterAll(() => listing.stop());

let installs = 0;

/** Runs `see` with a controller that has all rights but one; the API server knows of the others. */
async function withInstall(
  { without, lease = 'none' }: { readonly without?: string; readonly lease?: LeaseBefore },
  see: (install: BareInstall, controller: ControllerProcess) => Promise<void>,
): Promise<void> {
  installs += 1;
  const namespace = `right-${installs}`;
  const install = new BareInstall(listing.cluster, namespace);
  await install.apply(chart.objects, lease, without);
  const token = await listing.cluster.requestToken({ namespace, serviceAccount: 'lockkeeper-controller' });
  await untilAllowed(listing.cluster, { token, namespace }, install.left(chart.objects, without));
  const controller = await startController({
    folder: join(listing.folder, namespace),
    chart,
    ...listing.shown,
    token,
    extraArgs: ['--leader-election-namespace', namespace],
    until: 'listening',
  });
  try {
    await see(install, controller);
  } finally {
    await controller.stop();
  }
}

/** Features that are not there. */
function missingIn(seen: Seen): string[] {
  return Object.entries(seen).flatMap(([feature, isThere]) => (isThere === true ? [] : [feature]));
}

const counted = 'counts what happens again in one Event';

/** Whether a log tells that the API server has refused what takes a right. */
function refusalIn(log: string, right: string): boolean {
  const [verb = '', thing = ''] = right.split(' ');
  const resource = thing.split('.')[0] ?? '';
  const words = `cannot ${verb} resource \\"${resource}\\"`;
  return log.split('\n').some((line) => {
    if (!line.includes('Forbidden')) return false;
    // That the Lease is refused is told without the API server's words.
    return line.includes(words) || (resource === 'leases' && line.includes('"what":"leader election"'));
  });
}

test('each right of the chart and of the examples is needed for something', () => {
  const given = new BareInstall(listing.cluster, 'any').left(chart.objects);
  expect(given.toSorted()).toEqual(Object.keys(needed).toSorted());
});

test('with all of them everything is there', async () => {
  await withInstall({}, async (install, controller) => {
    await eventually(
      'everything is there but a second time',
      async () => missingIn(await install.seen(controller)).join() === counted,
    ).catch(() => undefined); // the comparison says what is not
    expect(missingIn(await install.seen(controller))).toEqual([counted]);
    await install.sayTwice();
    await controller.stop();
    expect(missingIn(await install.seen(controller))).not.toContain(counted);
  });
}, 120_000);

test.each<[LeaseBefore]>([['free'], ['held']])(
  'with all of them a Lease that is %s is no trouble',
  async (lease) => {
    await withInstall({ lease }, async (install, controller) => {
      await eventually('it knows everything', async () => {
        const missing = missingIn(await install.seen(controller));
        return !missing.some((feature) => feature.startsWith('knows'));
      });
      if (lease === 'held') {
        expect(missingIn(await install.seen(controller))).toContain('is chosen among replicas');
        await install.freeLease();
      }
      await eventually(
        'it is chosen',
        async () => (await install.seen(controller))['is chosen among replicas'],
      );
      expect(missingIn(await install.seen(controller))).not.toContain('stands by without trouble');
    });
  },
  120_000,
);

test.each([
  ['update leases.coordination.k8s.io lockkeeper-controller', 'election'],
  ['patch pipelines/status.lockkeeper.dev', 'status-pipelines'],
  ['patch credentials/status.lockkeeper.dev', 'status-credentials'],
])(
  'without %s a standby is not ready, and need not try it to know',
  async (right, check) => {
    await withInstall({ without: right, lease: 'held' }, async (install, controller) => {
      const failing = async (): Promise<readonly string[]> => {
        const answer = await fetch(`${controller.telemetryUrl}/readyz?verbose`);
        return [...(await answer.text()).matchAll(/^\[-\](\S+)/gm)].map(([, each = '']) => each);
      };
      await eventually('only that is missing', async () => (await failing()).join() === check);
      expect(missingIn(await install.seen(controller))).toContain('is chosen among replicas');
      expect(refusalIn(await controller.log(), right)).toBe(false);
    });
  },
  120_000,
);

test.each(Object.entries(needed))(
  'without %s something is missing',
  async (right, { breaks, lease = 'none', after }) => {
    await withInstall({ without: right, lease }, async (install, controller) => {
      if (after !== undefined) {
        await install.sayTwice();
        await controller.stop();
      }
      // Only then: before it has tried, nothing is there anyway.
      await eventually('the API server has refused it', async () => {
        return right.includes(' secrets ')
          ? (await install.seen(controller))['says in a Credential how it is']
          : refusalIn(await controller.log(), right);
      });
      expect(missingIn(await install.seen(controller))).toContain(breaks);
    });
  },
  120_000,
);
