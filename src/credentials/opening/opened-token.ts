import type { Call, Repository } from '../../forges/forge.ts';
import { describedToken } from '../probing/described-token.ts';
import type { OwnCalls } from '../probing/own-calls.ts';
import type { ListedForge } from '../listed-forge.ts';
import type { Logins } from './logins.ts';
import type { TokenMaterial } from '../material/material.ts';
import type { Opened } from './opened.ts';

/** Opens a repository with a stored token; asks the forge whose it is the first time. */
export async function openToken(
  {
    forge: { connection, provider, budget },
    material: { token, identity },
    repository,
    logins,
    ownCalls,
  }: {
    readonly forge: ListedForge;
    readonly material: TokenMaterial;
    readonly repository: Repository;
    readonly logins: Logins;
    readonly ownCalls: OwnCalls;
  },
  call: Call,
): Promise<Opened> {
  const login = await logins.of(connection.endpoint.host, identity, async () => {
    ownCalls.note(identity);
    const { owner } = await describedToken({ connection, provider }, token, { repository }, call);
    return owner.login;
  });
  const forge = provider.open(connection, repository, { value: token });
  return {
    identity,
    account: budget?.tokens.of(token) ?? '',
    login,
    read: (use) => {
      ownCalls.note(identity);
      return use(forge);
    },
    begin: (_also, spending) => {
      ownCalls.note(identity);
      return Promise.resolve({
        forge:
          spending === undefined ? forge : provider.open(connection, repository, { value: token, spending }),
        isMinted: false,
        end: () => Promise.resolve(),
      });
    },
  };
}
