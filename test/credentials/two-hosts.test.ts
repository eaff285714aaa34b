import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPublicKey } from 'node:crypto';
import type { Credential } from '../../src/api/credential.ts';
import type { Keyring } from '../../src/credentials/keyring.ts';
import { call } from '../forges/github/opened.ts';
import { startAcme, type Acme, type Promoter } from './promoter.ts';

/**
 * Two servers that count their Apps, installations and repositories from the same numbers, and one App's key that is known to both: all
 * that is left to tell them apart is the host. A library that keeps what it is minting under those numbers gave one's token to the other.
 */
let hosts: readonly [Acme, Acme];
let own: readonly [Promoter, Promoter];
beforeAll(async () => {
  hosts = [await startAcme(), await startAcme()];
  own = [await hosts[0].promoter(), await hosts[1].promoter()];
  own[1].app.publicKeys.push(createPublicKey(own[0].privateKey));
});
afterAll(() => Promise.all(hosts.map((each) => each.stop())));

const names = ['github.com', 'git.acme.example'] as const;
const query = { baseBranch: 'main', headBranch: 'promotion/x', paths: [] };

/** Opens the repository at each host with the one Secret, at the same time. */
async function open(keyring: Keyring) {
  const { credential, purpose } = own[0];
  return await Promise.all(
    names.map((host) => {
      const of: Credential = { ...credential, spec: { ...credential.spec, host } };
      return keyring.open(of, { ...purpose, host }, call());
    }),
  );
}

test('each gets its own tokens, and is shown no token of the other', async () => {
  expect([own[0].app.id, own[0].installation.id]).toEqual([own[1].app.id, own[1].installation.id]);
  const forges = new Map(
    names.map((name, index) => [name, hosts[index === 0 ? 0 : 1].listedAs(name)] as const),
  );
  const keyring = own[0].keyringOf(forges);
  const accesses = await open(keyring);
  const heads = await Promise.all(
    accesses.flatMap(({ reader, write }) => [
      reader.look(query, call()),
      write((forge) => forge.look(query, call())),
    ]),
  );
  const mains = hosts.map(({ forge }, index) => forge.branch(own[index === 0 ? 0 : 1].fullName, 'main'));
  expect(heads.map(({ base }) => base?.commit)).toEqual([mains[0], mains[0], mains[1], mains[1]]);
  for (const { forge } of hosts) {
    const minted = forge.world.credentials.tokens().filter(({ kind }) => kind === 'installation');
    expect(minted).toHaveLength(2);
    expect(forge.log.entries().filter(({ credential }) => credential === 'refused')).toEqual([]);
  }
  await keyring.close();
});
