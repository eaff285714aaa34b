import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { CredentialAccess } from '../../src/api/credential.ts';
import { renderChart, systemNamespace, type RenderedChart } from '../sandbox/chart.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { startController, type ControllerProcess } from '../sandbox/controller-process.ts';
import { startListingCluster, type ListingCluster } from './listing-cluster.ts';
import { lessOne, movedTo } from './moved-rights.ts';
import { rolesOf, rulesOf } from './rules.ts';
import { untilAllowed } from './until-allowed.ts';

const account = 'lockkeeper-auditor';

/** What the auditor says when it does not have a right. */
type Instead =
  /** It is not ready by this check of /readyz alone, and says nothing of any Credential. */
  | { readonly unready: string }
  /** The verdict is Unknown, for this reason. */
  | { readonly unknown: RegExp };

const unheard = (resource: string): Instead => ({
  unknown: new RegExp(
    `^the auditor does not hear of changes of ${resource} any more: .* whether its ClusterRole `,
  ),
});

const needed: Readonly<Record<string, Instead>> = {
  'list roles.rbac.authorization.k8s.io': { unready: 'cache-roles' },
  'watch roles.rbac.authorization.k8s.io': unheard('roles'),
  'list clusterroles.rbac.authorization.k8s.io': { unready: 'cache-clusterroles' },
  'watch clusterroles.rbac.authorization.k8s.io': unheard('clusterroles'),
  'list rolebindings.rbac.authorization.k8s.io': { unready: 'cache-rolebindings' },
  'watch rolebindings.rbac.authorization.k8s.io': unheard('rolebindings'),
  'list clusterrolebindings.rbac.authorization.k8s.io': { unready: 'cache-clusterrolebindings' },
  'watch clusterrolebindings.rbac.authorization.k8s.io': unheard('clusterrolebindings'),
  'list credentials.lockkeeper.dev': { unready: 'cache-credentials' },
  'watch credentials.lockkeeper.dev': unheard('credentials'),
  'create subjectaccessreviews.authorization.k8s.io': {
    unknown:
      /the API server does not say whether anything else does \(SubjectAccessReview: Forbidden\); see whether the auditor's ClusterRole /,
  },
  'patch credentials/status.lockkeeper.dev': { unready: 'status-credentials' },
};

// Of its own, since others would see the roles of auditors in it.
let listing: ListingCluster;
let chart: RenderedChart;

beforeAll(async () => {
  listing = await startListingCluster();
  const { helm } = await listing.cluster.tools();
  chart = await renderChart(helm, {});
  await listing.cluster.ensureNamespace(systemNamespace);
  await apply(chart.objects.filter(({ kind }) => kind === 'CustomResourceDefinition'));
}, 600_000); // the first start on a machine builds the servers

afterAll(() => listing.stop());

async function apply(objects: readonly object[]): Promise<void> {
  await listing.cluster.applyYaml(
    objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n'),
  );
}

/** What an auditor says that has all rights of the chart but one. */
interface Audited {
  readonly auditor: ControllerProcess;
  readonly access: () => Promise<CredentialAccess | undefined>;
  /** Checks of /readyz that fail. */
  readonly failing: () => Promise<readonly string[]>;
}

let audits = 0;

async function withAuditor(
  without: string | undefined,
  see: (audited: Audited) => Promise<void>,
): Promise<void> {
  if (chart.auditor === undefined) throw new Error('the chart has no auditor');
  audits += 1;
  const namespace = `audit-${audits}`;
  const roles = rolesOf(chart.objects, account);
  await listing.cluster.ensureNamespace(namespace);
  await apply([
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace } },
    ...roles.map((object) => lessOne(movedTo(namespace, object), without)),
    {
      apiVersion: 'lockkeeper.dev/v1alpha1',
      kind: 'Credential',
      metadata: { namespace, name: 'promoter' },
      spec: { host: 'github.com', repositories: ['acme/fleet'], token: { secretRef: { name: 'key' } } },
    },
  ]);
  const token = await listing.cluster.requestToken({ namespace, serviceAccount: account });
  await untilAllowed(
    listing.cluster,
    { token, namespace },
    rulesOf(roles).filter((right) => right !== without),
  );
  const auditor = await startController({
    folder: join(listing.folder, namespace),
    chart: chart.auditor,
    ...listing.shown,
    token,
    until: 'listening',
  });
  const path = `/apis/lockkeeper.dev/v1alpha1/namespaces/${namespace}/credentials/promoter`;
  try {
    await see({
      auditor,
      access: async () => {
        const { body } = await listing.cluster.api<{ status?: { access?: CredentialAccess } }>('GET', path);
        return body.status?.access;
      },
      failing: async () => {
        const answer = await fetch(`${auditor.telemetryUrl}/readyz?verbose`);
        return [...(await answer.text()).matchAll(/^\[-\](\S+)/gm)].map(([, check = '']) => check);
      },
    });
  } finally {
    await auditor.stop();
  }
}

test('each right of the auditor is needed for something', () => {
  expect(rulesOf(rolesOf(chart.objects, account)).toSorted()).toEqual(Object.keys(needed).toSorted());
});

test('with all of them it is ready, and says that nobody else can reach the Secret', async () => {
  await withAuditor(undefined, async ({ access, failing }) => {
    await eventually('it has looked', async () => (await access()) !== undefined);
    expect(await access()).toMatchObject({ verdict: 'Exclusive', others: 0 });
    expect(await failing()).toEqual([]);
  });
}, 120_000);

test.each(Object.entries(needed))(
  'without %s that is not said any more, but why not',
  async (right, instead) => {
    await withAuditor(right, async ({ auditor, access, failing }) => {
      const [verb = '', thing = ''] = right.split(' ');
      const refusal = `cannot ${verb} resource \\"${thing.split('.')[0]}\\"`;
      await eventually('the API server has refused it', async () => (await auditor.log()).includes(refusal));
      if ('unready' in instead) {
        await eventually('all else is there', async () => (await failing()).length === 1);
        expect(await failing()).toEqual([instead.unready]);
        expect(await access()).toBeUndefined();
        // Also where there is no Credential yet, and so no status to write.
        if (verb === 'patch') expect(await auditor.log()).toContain(`we may not ${right}, and need to`);
      } else {
        // It looks every half a minute whether it is to be believed.
        await eventually('it is Unknown', async () => (await access())?.verdict === 'Unknown', {
          deadlineMs: 60_000,
        });
        expect((await access())?.message).toMatch(instead.unknown);
      }
    });
  },
  120_000,
);
