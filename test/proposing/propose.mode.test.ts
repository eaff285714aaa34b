import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { call } from '../forges/github/opened.ts';
import { startAcme, type Acme } from '../credentials/promoter.ts';
import { releaseManifest } from '../sandbox/fleet.ts';
import { Stage } from './stage.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const path = 'apps/podinfo/staging/release.yaml';

/** A stage whose manifest is executable, as files from some file systems are. */
async function stage(): Promise<Stage> {
  const own = new Stage(acme, await acme.promoter());
  const { keyring, credential, purpose } = own.own;
  const { reader, write } = await keyring.open(credential, purpose, call());
  const { base } = await reader.look({ baseBranch: 'main', headBranch: own.branch, paths: [] }, call());
  if (base === undefined) throw new Error('there is no main');
  const files = [{ path, text: releaseManifest('staging', '6.1.0'), executable: true }];
  await write(async (forge) => {
    const wanted = { parent: base.commit, baseTree: base.tree, files, message: 'Make it executable' };
    const { sha } = await forge.createCommit(wanted, call());
    await forge.moveBranch({ branch: 'main', from: base.commit, to: sha }, call());
  });
  return own;
}

/** The mode of the manifest at the head of the promotion branch. */
async function modeOf(own: Stage): Promise<string | undefined> {
  const { store } = acme.forge.world.repositories.require(own.own.fullName).git;
  let oid = (await store.commit(own.head() ?? ''))?.tree;
  let mode: string | undefined;
  for (const part of path.split('/')) {
    const entry = (await store.tree(oid ?? ''))?.find(({ name }) => name === part);
    oid = entry?.oid;
    mode = entry?.mode;
  }
  return mode;
}

test('a file that is executable stays so', async () => {
  const own = await stage();
  await own.propose('6.2.0');
  expect(await modeOf(own)).toBe('100755');
});

test('and after others have changed it', async () => {
  const own = await stage();
  await own.propose('6.2.0');
  await own.merge();
  await own.propose('6.3.0');
  expect(await modeOf(own)).toBe('100755');
});

test('a file that is not executable does not become so', async () => {
  const own = new Stage(acme, await acme.promoter());
  await own.propose('6.2.0');
  expect(await modeOf(own)).toBe('100644');
});
