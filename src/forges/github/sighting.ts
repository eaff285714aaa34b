import type { Secret } from '../../base/secret.ts';
import type { Connection } from '../connection.ts';
import type { Call } from '../forge.ts';
import type { ObservedToken, Sighting } from '../identity.ts';
import { authorizedCredentials } from './authorized-credentials.ts';
import { GithubApi } from './request.ts';
import { tokenGrants } from './token-grants.ts';
import { kindOf } from './token-kind.ts';

/**
 * See `ForgeIdentity.sightingOf`. GitHub tells no token when it was used. Of fine-grained ones an organization's Apps are shown a list, of
 * others an organization's owners are where it has single sign-on, and of tokens of Apps nobody is.
 */
export async function sightingOf(
  connection: Connection,
  observer: Secret,
  observed: ObservedToken,
  call: Call,
): Promise<Sighting> {
  const kind = kindOf(observed.token);
  if (kind === 'InstallationToken')
    return { kind: 'unknown', why: "GitHub tells nobody when an App's token was used" };
  const as = kindOf(observer) === 'InstallationToken' ? ('App token' as const) : ('stored token' as const);
  const api = new GithubApi(connection, { as, token: () => observer.expose() });
  return kind === 'FineGrainedToken'
    ? await tokenGrants(api, observed, call)
    : await authorizedCredentials(api, observed, call);
}
