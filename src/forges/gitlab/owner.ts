import { z } from 'zod';
import type { Call } from '../forge.ts';
import type { TokenFacts } from '../identity.ts';
import { keep, recall } from '../remember.ts';
import { askGitlab, type Bearer } from './request.ts';

/** Null: the token may not ask whose it is. */
export type Owner = z.infer<typeof user> | null;

/** `bot` is true of the users of project and group tokens and of service accounts; older versions do not say. */
const user = z.object({ id: z.int(), username: z.string(), bot: z.boolean().nullish() });

/** Whose a token is: asked once an hour. */
export async function ownerOf(bearer: Bearer, call: Call): Promise<Owner> {
  const { connection, token } = bearer;
  const key = `gitlab owner ${token.fingerprint()}`;
  const known = recall(connection, key, user);
  if (known !== undefined) return known;
  const { answer } = await askGitlab<Owner>(
    bearer,
    {
      url: `${connection.endpoint.apiUrl}/user`,
      doing: 'tell whose token it is',
      answer: user,
      refused: ({ status, words }) =>
        status === 403 && /insufficient_(granular_)?scope/.test(words) ? null : undefined,
    },
    call,
  );
  if (answer !== null) keep(connection, key, answer);
  return answer;
}

/** By the names that GitLab gives to users of its own making ("Bot users for projects", "… for groups", "Service accounts"). */
export function kindOf(owner: Owner, isGranular: boolean): TokenFacts['kind'] {
  const { username = '', bot } = owner ?? {};
  if (/^project_\d+_bot(_|\d|$)/.test(username)) return 'ProjectToken';
  if (/^group_\d+_bot(_|\d|$)/.test(username)) return 'GroupToken';
  if (username.startsWith('service_account_') || bot === true) return 'ServiceAccountToken';
  if (isGranular) return 'FineGrainedToken';
  return owner === null ? 'Unknown' : 'PersonalAccessToken';
}

/** @param id as the token's description has it: said where the user is not told */
export function ownerFacts(owner: Owner, id?: number | null): TokenFacts['owner'] {
  if (owner === null) {
    return {
      login: '(not told)',
      type: 'Unknown',
      ...(typeof id === 'number' ? { id: String(id) } : {}),
    };
  }
  const isBot = ['ProjectToken', 'GroupToken', 'ServiceAccountToken'].includes(kindOf(owner, false));
  const type = isBot ? 'Bot' : owner.bot === false ? 'User' : 'Unknown';
  return { login: owner.username, type, id: String(owner.id) };
}
