import { z } from 'zod';
import { ForgeError } from '../errors.ts';
import type {
  AppFacts,
  AppKey,
  Call,
  Connection,
  ForgeIdentity,
  Installation,
  Repository,
} from '../forge.ts';
import { appBearer } from './app-jwt.ts';
import { describeToken } from './describe-token.ts';
import { mintToken } from './mint-token.ts';
import { permissionMap, permissionsOf } from './permissions.ts';
import { GithubApi } from './request.ts';
import { revokeToken } from './revoke-token.ts';

/** See `ForgeIdentity`. Remembers nothing: who keeps tokens knows what they may be kept under. */
export function githubIdentity(connection: Connection): ForgeIdentity {
  return {
    describeApp: (key, call) => describeApp(connection, key, call),
    findInstallation: (key, repository, call) => findInstallation(connection, key, repository, call),
    mintToken: (request, call) => mintToken(connection, request, call),
    revokeToken: (token, call) => revokeToken(connection, token, call),
    describeToken: (token, call) => describeToken(connection, token, call),
  };
}

async function describeApp(connection: Connection, key: AppKey, call: Call): Promise<AppFacts> {
  const api = new GithubApi(connection, appBearer(key, connection.endpoint));
  const app = await api.rest(
    { doing: 'read about the App', answer: z.object({ id: z.int(), slug: z.string() }) },
    (rest, passed) => rest.apps.getAuthenticated({ ...passed }),
    call,
  );
  return { login: `${app.slug}[bot]`, id: String(app.id) };
}

const installation = z.object({
  id: z.int(),
  permissions: permissionMap,
  repository_selection: z.enum(['all', 'selected']),
  suspended_at: z.string().nullish(),
});

async function findInstallation(
  connection: Connection,
  key: AppKey,
  repository: Repository,
  call: Call,
): Promise<Installation> {
  const { host } = connection.endpoint;
  const { owner, name } = repository;
  const api = new GithubApi(connection, appBearer(key, connection.endpoint), repository);
  const found = await api.rest(
    {
      doing: 'find the installation',
      answer: installation.nullable(),
      refused: ({ status }) => (status === 404 ? null : undefined),
    },
    (rest, passed) => rest.apps.getRepoInstallation({ owner, repo: name, ...passed }),
    call,
  );
  if (found === null) {
    throw notInstalled(
      `${host} does not have the App on ${owner}/${name}; install it there, or correct the name`,
    );
  }
  if (typeof found.suspended_at === 'string') {
    throw notInstalled(
      `${host} has suspended the App's installation on ${owner}/${name}; unsuspend it there`,
    );
  }
  const id = String(found.id);
  if (key.installationId !== undefined && key.installationId !== id) {
    throw notInstalled(
      `installation ${key.installationId} is not the one that ${owner}/${name} has at ${host}, which is ${id}; correct installationId or leave it out`,
    );
  }
  return {
    id,
    permissions: permissionsOf(found.permissions),
    repositorySelection: found.repository_selection,
  };
}

function notInstalled(message: string): ForgeError {
  return new ForgeError('NotInstalled', message);
}
