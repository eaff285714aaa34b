import { z } from 'zod';
import { Secret } from '../../base/secret.ts';
import type { Connection } from '../connection.ts';
import { ForgeError, isForgeError } from '../errors.ts';
import type { Call } from '../forge.ts';
import type { ForgeIdentity } from '../identity.ts';
import { appBearer } from './app-jwt.ts';
import { beyond, permissionMap, permissionMapOf, permissionsOf } from './permissions.ts';
import { GithubApi } from './request.ts';
import { revokeToken } from './revoke-token.ts';

type Where = Parameters<ForgeIdentity['countRepositories']>[0];

/** Names and no more: what every token has, whatever it is minted for. */
const least = ['metadata:read'];
const revokeMs = 5_000;

const minted = z.object({ token: z.string().min(1), permissions: permissionMap });
const page = z.object({ total_count: z.int().min(0) });

/**
 * See `ForgeIdentity.countRepositories`. GitHub counts what the token opens that asks, so that one is minted which is not narrowed to
 * repositories. An App without any permission on repositories gets no such token, and opens none.
 */
export async function countRepositories(
  connection: Connection,
  { key, installation }: Where,
  call: Call,
): Promise<number> {
  if (beyond(installation.permissions, least).length > 0) return 0;
  const { token, permissions } = await new GithubApi(connection, appBearer(key, connection)).rest(
    { doing: 'mint a token', answer: minted },
    (rest, passed) =>
      rest.apps.createInstallationAccessToken({
        installation_id: Number(installation.id),
        permissions: permissionMapOf(least),
        ...passed,
      }),
    call,
  );
  const secret = new Secret(token);
  let isLimited = false;
  try {
    if (beyond(least, permissionsOf(permissions)).length > 0) {
      const { host } = connection.endpoint;
      throw new ForgeError('Malformed', `${host} minted a token for more than was asked for; it is not used`);
    }
    return await count(connection, secret, call);
  } catch (thrown) {
    isLimited = isForgeError(thrown) && thrown.code === 'RateLimited';
    throw thrown;
  } finally {
    // A forge that asks to wait is not asked again, and the token ends within the hour.
    if (!isLimited) {
      await revokeToken(connection, secret, { signal: AbortSignal.timeout(revokeMs) }).catch(() => undefined);
    }
  }
}

async function count(connection: Connection, token: Secret, call: Call): Promise<number> {
  const bearer = { as: 'App token' as const, token: () => token.expose(), mintedAt: connection.now() };
  const { total_count: repositories } = await new GithubApi(connection, bearer).rest(
    { doing: 'count the repositories of the installation', answer: page },
    (rest, passed) => rest.apps.listReposAccessibleToInstallation({ per_page: 1, ...passed }),
    call,
  );
  return repositories;
}
