import { z } from 'zod';
import type { Secret } from '../../base/secret.ts';
import { isForgeError } from '../errors.ts';
import type { Connection } from '../connection.ts';
import type { Call } from '../forge.ts';
import { GithubApi } from './request.ts';

/** See `ForgeIdentity.revokeToken`. */
export async function revokeToken(connection: Connection, token: Secret, call: Call): Promise<void> {
  // It may have been minted a moment ago, and then a first 401 does not say that it is dead.
  const bearer = { as: 'App token' as const, token: () => token.expose(), mintedAt: connection.now() };
  const api = new GithubApi(connection, bearer);
  try {
    await api.rest(
      { doing: 'revoke a token', answer: z.null() },
      (rest, passed) => rest.apps.revokeInstallationAccessToken({ ...passed }),
      call,
    );
  } catch (thrown) {
    if (!isForgeError(thrown) || thrown.code !== 'Unauthorized') throw thrown;
  }
}
