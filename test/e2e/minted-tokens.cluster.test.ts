import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { InstallationToken } from '../sandbox/forge/credentials.ts';
import type { Permissions } from '../sandbox/forge/permission-set.ts';
import { nextVersion, startScene, type Scene, type Stage } from './scene.ts';
import { marker } from './objects.ts';

/** What tokens are minted with, and that none of them is left. */
let scene: Scene;
let may: Stage;
let mayNot: Stage;

const workflow = '.github/workflows/deploy.yaml';
const usual: Permissions = { contents: 'write', pull_requests: 'write', metadata: 'read' };

beforeAll(async () => {
  scene = await startScene();
  [may, mayNot] = await Promise.all([
    scene.stage('workflows', { permissions: { ...usual, workflows: 'write' } }),
    scene.stage('no-workflows'),
  ]);
}, 180_000);
afterAll(() => scene.stop());

function minted({ installation, world }: Stage): InstallationToken[] {
  return world.forge.world.credentials
    .tokens()
    .flatMap((each) => (each.kind === 'installation' && each.installation === installation ? [each] : []));
}

/** Releases a version that also a workflow of staging is marked with. */
async function release(stage: Stage): Promise<void> {
  await stage.commit({ [workflow]: `on: push\nenv:\n  VERSION: 6.1.0 ${marker(stage.namespace)}\n` });
  await stage.applyPipeline({ paths: ['apps', '.github/workflows'] });
  await stage.release();
}

test('a promotion that changes a workflow takes the permission for it, and no other token does', async () => {
  await release(may);
  await may.eventually('a pull request is open', ({ promotion }) => promotion?.phase === 'Proposed');
  const changed = await scene.world.forge.readFile(may.repository, may.proposal.head ?? '', workflow);
  expect(changed).toContain(`VERSION: ${nextVersion} `);
  const writing = minted(may).filter(({ permissions }) => permissions['contents'] === 'write');
  expect(writing.map(({ permissions }) => permissions)).toEqual([{ ...usual, workflows: 'write' }]);
  const reading = minted(may).filter(({ permissions }) => permissions['contents'] === 'read');
  expect(new Set(reading.flatMap(({ permissions }) => Object.keys(permissions)))).toEqual(
    new Set(['contents', 'pull_requests', 'metadata']),
  );
});

test('where the App does not have it, status names the permission and the file', async () => {
  await release(mayNot);
  const { waiting } = await mayNot.eventually(
    'the permission is missing',
    ({ waiting: why }) => why?.reason === 'PermissionsMissing',
  );
  expect(waiting?.message).toContain(
    `workflows:write since no-workflows/podinfo staging changes ${workflow}`,
  );
  expect(mayNot.proposal.pullRequests).toEqual([]);
});

test('when the controller is stopped no token of it is left alive', async () => {
  await scene.world.controller?.stop();
  expect(minted(may).length).toBeGreaterThan(1);
  expect([...minted(may), ...minted(mayNot)].filter(({ revoked }) => !revoked)).toEqual([]);
});
