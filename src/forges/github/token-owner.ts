import { z } from 'zod';
import type { Secret } from '../../base/secret.ts';
import type { Connection } from '../connection.ts';
import type { Call } from '../forge.ts';
import type { TokenFacts } from '../identity.ts';
import type { GithubApi } from './request.ts';

type Owner = TokenFacts['owner'];

/** People change their logins, and nothing else tells. */
const rememberMs = 24 * 3_600_000;

const user = z.object({ login: z.string(), id: z.int(), type: z.string() });
const kept = z.object({
  at: z.number(),
  login: z.string(),
  type: z.enum(['Bot', 'User', 'Unknown']),
  id: z.string().optional(),
});

/** Whose a token is: asked once a day, one request (two for a token of an App that does not look like one). */
export async function tokenOwner(
  { memory, now }: Connection,
  {
    token,
    kind,
    api,
  }: { readonly token: Secret; readonly kind: TokenFacts['kind']; readonly api: GithubApi },
  call: Call,
): Promise<Owner> {
  const key = `owner ${token.fingerprint()}`;
  const known = kept.safeParse(JSON.parse(memory.get(key) ?? 'null')).data;
  const age = known === undefined ? Infinity : now().getTime() - known.at;
  if (known !== undefined && age >= 0 && age < rememberMs) return shown(known);
  const owner =
    (kind === 'InstallationToken' ? null : await askUser(api, call)) ?? (await askViewer(api, call));
  memory.set(key, JSON.stringify({ at: now().getTime(), ...owner } satisfies z.infer<typeof kept>));
  return owner;
}

function shown({ login, type, id }: z.infer<typeof kept>): Owner {
  return { login, type, ...(id === undefined ? {} : { id }) };
}

/** Null for a token of an App, which may not ask that. */
async function askUser(api: GithubApi, call: Call): Promise<Owner | null> {
  return await api.rest<Owner | null>(
    {
      doing: 'ask whose token it is',
      answer: user.transform(({ login, id, type }) => ({ login, type: kindOfOwner(type), id: String(id) })),
      refused: ({ status, words }) => (status === 403 && /by integration/i.test(words) ? null : undefined),
    },
    (rest, passed) => rest.users.getAuthenticated({ ...passed }),
    call,
  );
}

async function askViewer(api: GithubApi, call: Call): Promise<Owner> {
  const { viewer } = await api.graphql(
    { doing: 'ask whose token it is', answer: z.object({ viewer: z.object({ login: z.string() }) }) },
    { query: 'query Viewer { viewer { login } }', variables: {} },
    call,
  );
  return { login: viewer.login, type: 'Bot' };
}

function kindOfOwner(type: string): Owner['type'] {
  return type === 'User' || type === 'Bot' ? type : 'Unknown';
}
