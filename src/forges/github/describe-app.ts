import { z } from 'zod';
import type { AppFacts, AppKey, Call, Connection } from '../forge.ts';
import { appBearer } from './app-jwt.ts';
import { permissionMap, permissionsOf } from './permissions.ts';
import { GithubApi } from './request.ts';

const app = z.object({
  id: z.int(),
  slug: z.string(),
  // An enterprise has a slug, everybody else a login.
  owner: z.object({ login: z.string().optional(), slug: z.string().optional() }).nullish(),
  permissions: permissionMap,
});

/** See `ForgeIdentity.describeApp`. */
export async function describeApp(connection: Connection, key: AppKey, call: Call): Promise<AppFacts> {
  const api = new GithubApi(connection, appBearer(key, connection));
  const found = await api.rest(
    { doing: 'read about the App', answer: app },
    (rest, passed) => rest.apps.getAuthenticated({ ...passed }),
    call,
  );
  const owner = found.owner?.login ?? found.owner?.slug;
  return {
    login: `${found.slug}[bot]`,
    id: String(found.id),
    ...(owner === undefined ? {} : { owner }),
    permissions: permissionsOf(found.permissions),
  };
}
