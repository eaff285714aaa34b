import { z } from 'zod';
import { Secret } from '../../base/secret.ts';
import { ForgeError } from '../errors.ts';
import type { Connection } from '../connection.ts';
import type { Call } from '../forge.ts';
import type { ForgeIdentity, MintedToken } from '../identity.ts';
import { appBearer } from './app-jwt.ts';
import { beyond, permissionMap, permissionMapOf, permissionsOf } from './permissions.ts';
import { isUnknownApp, type Refusal } from './refusal.ts';
import { GithubApi } from './request.ts';
import { revokeToken } from './revoke-token.ts';

type Request = Parameters<ForgeIdentity['mintToken']>[0];

const minted = z.object({
  token: z.string().min(1),
  expires_at: z.iso.datetime({ offset: true }),
  permissions: permissionMap,
  repository_selection: z.enum(['all', 'selected']),
  repositories: z.array(z.object({ id: z.int(), name: z.string() })).default([]),
});

type Minted = z.infer<typeof minted>;

/** See `ForgeIdentity.mintToken`. A token that turns out wider than asked for is revoked and not given out. */
export async function mintToken(connection: Connection, request: Request, call: Call): Promise<MintedToken> {
  const { key, installation, repositories, permissions } = request;
  const { host } = connection.endpoint;
  if (repositories.length === 0 || permissions.length === 0) {
    // GitHub reads an empty list as "all of them".
    throw new ForgeError('Refused', `no token of ${host} is minted for no repository or no permission`);
  }
  const api = new GithubApi(connection, appBearer(key, connection));
  let refusal: Refusal | undefined;
  const answer = await api.rest<Minted | null>(
    {
      doing: 'mint a token',
      answer: minted,
      refused: (no) => {
        refusal = no;
        return isAboutTheInstallation(no) ? null : undefined;
      },
    },
    (rest, passed) =>
      rest.apps.createInstallationAccessToken({
        installation_id: Number(installation),
        ...narrowing(repositories),
        permissions: permissionMapOf(permissions),
        ...passed,
      }),
    call,
  );
  if (answer === null) throw notGranted(host, request, refusal);
  const token = new Secret(answer.token);
  if (!isNarrow(answer, request)) {
    // Also when we are told to stop. One that stays alive ends within the hour, and nobody has it.
    await revokeToken(connection, token, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    throw new ForgeError('Malformed', `${host} minted a token for more than was asked for; it is not used`);
  }
  return {
    token,
    expiresAt: new Date(answer.expires_at),
    permissions: permissionsOf(answer.permissions),
    repositoryIds: answer.repositories.map(({ id }) => String(id)),
  };
}

/** By ids when all are known: names may come to mean other repositories. */
function narrowing(
  repositories: Request['repositories'],
): { readonly repository_ids: number[] } | { readonly repositories: string[] } {
  const ids = idsOf(repositories);
  return ids === undefined
    ? { repositories: repositories.map(({ name }) => name) }
    : { repository_ids: ids.map(Number) };
}

function idsOf(repositories: Request['repositories']): string[] | undefined {
  const ids = repositories.flatMap(({ id }) => id ?? []);
  return ids.length === repositories.length ? ids : undefined;
}

function isAboutTheInstallation(refusal: Refusal): boolean {
  return refusal.status === 422 || (refusal.status === 404 && !isUnknownApp(refusal));
}

function notGranted(host: string, request: Request, refusal: Refusal | undefined): ForgeError {
  const { installation, permissions, repositories } = request;
  const words = refusal?.words ?? '';
  if (/permission/i.test(words)) {
    return new ForgeError(
      'PermissionsMissing',
      `${host} has not granted the App ${permissions.join(' and ')}; grant that in the App's settings and accept it where it is installed`,
    );
  }
  if (refusal?.status === 404) {
    return new ForgeError(
      'NotInstalled',
      `${host} knows no installation ${installation} of the App; install the App, or correct installationId`,
    );
  }
  const names = repositories.map(({ name }) => name).join(', ');
  const ids = idsOf(repositories);
  return ids === undefined
    ? new ForgeError(
        'NotInstalled',
        `${host} does not have ${names} in installation ${installation} of the App; add it there`,
      )
    : new ForgeError(
        'NotFound',
        `${host} does not have ${names} (id ${ids.join(', ')}) in installation ${installation} of the App any more; it is looked for anew by its name`,
      );
}

/** Exactly the repositories, and at most the permissions. Reading metadata comes with every token. */
function isNarrow(answer: Minted, { repositories, permissions }: Request): boolean {
  const ids = idsOf(repositories);
  const names = new Set(repositories.map(({ name }) => name.toLowerCase()));
  return (
    answer.repository_selection === 'selected' &&
    answer.repositories.length > 0 &&
    answer.repositories.every(({ id, name }) =>
      ids === undefined ? names.has(name.toLowerCase()) : ids.includes(String(id)),
    ) &&
    beyond([...permissions, 'metadata:read'], permissionsOf(answer.permissions)).length === 0
  );
}
