import type { Clock } from '../../base/time.ts';
import { installationAccount } from '../../forges/budget/account-name.ts';
import { isForgeError } from '../../forges/errors.ts';
import type { Call, Forge, Repository } from '../../forges/forge.ts';
import type { MintedToken, Permission } from '../../forges/identity.ts';
import type { Spending } from '../../forges/provider.ts';
import { installedName, type Installed, type InstalledApps, type InstalledName } from './installed.ts';
import type { ListedForge } from '../listed-forge.ts';
import type { Logins } from './logins.ts';
import type { AppMaterial } from '../material/material.ts';
import type { Opened } from './opened.ts';
import type { Reading } from '../../forges/through.ts';
import type { Held, Mint, ReadTokens } from './read-tokens.ts';

/** What a live write token may take to be revoked. */
const revokeMs = 5_000;

export interface AppOpening {
  readonly forge: ListedForge;
  readonly material: AppMaterial;
  readonly repository: Repository;
  readonly installed: InstalledApps;
  readonly readTokens: ReadTokens;
  readonly logins: Logins;
  readonly clock: Clock;
  readonly onUnrevoked: () => void;
}

/** Opens a repository with an App's key: read tokens that are shared, and a write token for each act. All are minted for this repository alone. */
export async function openApp(opening: AppOpening, call: Call): Promise<Opened> {
  const { forge, material, repository, installed, readTokens, logins, clock, onUnrevoked } = opening;
  const { connection, provider } = forge;
  const name = installedName(forge, material, repository);
  const minting = mintingOf(opening, name, call);
  const { installation } = await minting.where();
  const open = ({ token }: MintedToken, mintedAt: Date, spending?: Spending): Forge =>
    provider.open(connection, repository, {
      value: token,
      mintedAt,
      ...(spending === undefined ? {} : { spending }),
    });
  const { read: permissions, write } = provider.permissions;
  const get = async (): Promise<Held> => {
    const { installation: at, repositoryId } = await minting.where();
    const { host, identity } = name;
    const id = repositoryId === undefined ? {} : { id: repositoryId };
    const repositories = [{ name: name.repository, ...id }];
    return await readTokens.get({ host, identity, installation: at.id, repositories, permissions }, () =>
      minting.mint(permissions),
    );
  };
  const read: Reading = async (use) => {
    const held = await get();
    try {
      return await use(open(held.minted, held.mintedAt));
    } catch (thrown) {
      const code = isForgeError(thrown) ? thrown.code : undefined;
      if (code === 'NotFound') {
        // A repository that is made anew under its old name is another one to a token that was minted before.
        installed.forget(name);
        readTokens.giveUp(held);
      }
      // Revoked, or the App was changed: another one may do.
      if (code !== 'Unauthorized') throw thrown;
      readTokens.drop(held);
      const again = await get();
      return await use(open(again.minted, again.mintedAt));
    }
  };
  return {
    identity: material.identity,
    account: installationAccount(installation.id),
    login: logins.known(name.host, name.identity) ?? installation.appLogin,
    read,
    begin: async (also, spending) => {
      const { minted, revoke } = await minting.mint([...write, ...also]);
      return {
        forge: open(minted, clock.now(), spending),
        isMinted: true,
        // Also when we are told to stop: a live write token must not outlive the act.
        end: () => revoke({ signal: AbortSignal.timeout(revokeMs) }).catch(onUnrevoked),
      };
    },
  };
}

interface Minting {
  /** As known, else as the forge says. */
  readonly where: () => Promise<Installed>;
  readonly mint: (permissions: readonly Permission[]) => Promise<Mint>;
}

/** Mints where the App is known to be, and where that is not so any more looks for it once anew. */
function mintingOf(
  { forge: { connection, provider }, material: { key }, repository, installed }: AppOpening,
  name: InstalledName,
  call: Call,
): Minting {
  const identity = provider.identity(connection);
  const where = (): Promise<Installed> =>
    installed.find(name, () => identity.findInstallation(key, { repository }, call));
  const mintAt = async (
    { installation: { id }, repositoryId }: Installed,
    permissions: readonly Permission[],
  ): Promise<Mint> => {
    const wanted = { name: repository.name, ...(repositoryId === undefined ? {} : { id: repositoryId }) };
    const minted = await identity.mintToken(
      { key, installation: id, repositories: [wanted], permissions },
      call,
    );
    installed.learn(name, minted.repositoryIds[0]);
    return { minted, installation: id, revoke: (revoking) => identity.revokeToken(minted.token, revoking) };
  };
  const mint = async (permissions: readonly Permission[]): Promise<Mint> => {
    const known = installed.of(name);
    if (known === undefined) return await mintAt(await where(), permissions);
    try {
      return await mintAt(known, permissions);
    } catch (thrown) {
      const isGone = isForgeError(thrown) && (thrown.code === 'NotInstalled' || thrown.code === 'NotFound');
      if (!isGone) throw thrown;
      installed.forget(name);
      return await mintAt(await where(), permissions);
    }
  };
  return { where, mint };
}
