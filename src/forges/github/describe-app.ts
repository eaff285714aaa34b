import { z } from 'zod';
import type { Connection } from '../connection.ts';
import type { Call } from '../forge.ts';
import type { AppFacts, AppKey } from '../identity.ts';
import { appBearer } from './app-jwt.ts';
import { GithubApi } from './request.ts';

const app = z.object({ id: z.int(), slug: z.string(), installations_count: z.int().min(0).optional() });

/** See `ForgeIdentity.describeApp`. */
export async function describeApp(connection: Connection, key: AppKey, call: Call): Promise<AppFacts> {
  const api = new GithubApi(connection, appBearer(key, connection));
  const found = await api.rest(
    { doing: 'read about the App', answer: app },
    (rest, passed) => rest.apps.getAuthenticated({ ...passed }),
    call,
  );
  const { id, slug, installations_count: installations } = found;
  return {
    login: `${slug}[bot]`,
    id: String(id),
    ...(installations === undefined ? {} : { installations }),
  };
}
