import { z } from 'zod';
import { ForgeError } from '../errors.ts';
import type { Connection } from '../connection.ts';
import type { Call } from '../forge.ts';
import type { AppKey, Installation, Subject } from '../identity.ts';
import { appBearer } from './app-jwt.ts';
import { permissionMap, permissionsOf } from './permissions.ts';
import { isUnknownApp, type Refusal } from './refusal.ts';
import { GithubApi } from './request.ts';
import { scopeOfPermissions } from './scope.ts';

const installation = z.object({
  id: z.int(),
  // Of an enterprise GitHub gives a slug; of everybody else a login.
  account: z.object({ login: z.string().optional(), slug: z.string().optional() }).nullable(),
  app_slug: z.string(),
  permissions: permissionMap,
  repository_selection: z.enum(['all', 'selected']),
  suspended_at: z.string().nullish(),
});

type Found = z.infer<typeof installation>;

/** See `ForgeIdentity.findInstallation`. */
export async function findInstallation(
  connection: Connection,
  key: AppKey,
  { repository, ...purpose }: Subject,
  call: Call,
): Promise<Installation> {
  const { host } = connection.endpoint;
  const { owner, name } = repository;
  const where = `${owner}/${name}`;
  const api = new GithubApi(connection, appBearer(key, connection), repository);
  const found = await api.rest(
    seeking,
    (rest, passed) => rest.apps.getRepoInstallation({ owner, repo: name, ...passed }),
    call,
  );
  if (found === null) throw await notOnRepository(api, { host, owner, name }, call);
  if (isSuspended(found)) throw suspended(host);
  const id = String(found.id);
  const account = accountOf(found) ?? owner;
  if (key.installationId !== undefined && key.installationId !== id) {
    throw notInstalled(
      `installation ${key.installationId} is not the one that ${where} has at ${host}, which is ${id}; correct installationId or leave it out`,
    );
  }
  if (key.installationOwner !== undefined && !isSame(key.installationOwner, account)) {
    throw notInstalled(
      `the installation at ${key.installationOwner} is not the one that ${where} has at ${host}, which is at ${account}; correct the installation's owner or leave it out`,
    );
  }
  const granted = permissionsOf(found.permissions);
  return {
    id,
    account,
    appLogin: `${found.app_slug}[bot]`,
    permissions: granted,
    scope: scopeOfPermissions(granted, purpose, {
      who: `the App's installation at ${account}`,
      where: "in the App's settings",
    }),
    repositorySelection: found.repository_selection,
  };
}

const seeking = {
  doing: 'find the installation',
  answer: installation.nullable(),
  refused: (no: Refusal) => (no.status === 404 && !isUnknownApp(no) ? null : undefined),
};

/** The repository does not show the App: whether its account does says what to mend. */
async function notOnRepository(
  api: GithubApi,
  { host, owner, name }: { readonly host: string; readonly owner: string; readonly name: string },
  call: Call,
): Promise<ForgeError> {
  const where = `${owner}/${name}`;
  const found =
    (await api.rest(
      seeking,
      (rest, passed) => rest.apps.getOrgInstallation({ org: owner, ...passed }),
      call,
    )) ??
    (await api.rest(
      seeking,
      (rest, passed) => rest.apps.getUserInstallation({ username: owner, ...passed }),
      call,
    ));
  if (found === null) {
    return notInstalled(
      `${host} does not have the App at ${owner}; install it there on ${where}, or correct the name`,
    );
  }
  if (isSuspended(found)) return suspended(host);
  return notInstalled(
    found.repository_selection === 'all'
      ? `${host} has the App at ${owner}, on all of its repositories, and ${where} is none of them; correct the name`
      : `${host} has the App at ${owner} but not on ${where}; add the repository in the installation's settings, or correct the name`,
  );
}

function accountOf({ account }: Found): string | undefined {
  return account?.login ?? account?.slug;
}

function isSuspended(found: Found): boolean {
  return typeof found.suspended_at === 'string';
}

/** In the same words as a token is refused with: it is the same trouble, whoever meets it first. */
function suspended(host: string): ForgeError {
  return new ForgeError(
    'Suspended',
    `${host} has suspended the App's installation; an owner unsuspends it in the installation's settings`,
  );
}

function notInstalled(message: string): ForgeError {
  return new ForgeError('NotInstalled', message);
}

function isSame(login: string, other: string): boolean {
  return login.toLowerCase() === other.toLowerCase();
}
