import { createAppAuth } from '@octokit/auth-app';
import { Secret } from '../../base/secret.ts';
import { ForgeError } from '../errors.ts';
import type { Connection } from '../connection.ts';
import type { AppKey } from '../identity.ts';
import type { Bearer } from './request.ts';

/** auth-app dates a JWT back by so much, and lets it end ten minutes after that. */
const librarySeconds = 30;
/** GitHub's advice in "Generating a JSON Web Token (JWT) for a GitHub App". It then ends in nine minutes, of which GitHub allows ten. */
const backdatedSeconds = 60;

/**
 * An App's word about itself, signed anew for every request. Of auth-app the JWT alone is used: what it mints it keeps in a map that
 * all Apps and hosts of the process share.
 */
export function appBearer({ appId, privateKey }: AppKey, { endpoint: { host }, now }: Connection): Bearer {
  return {
    as: 'App key',
    token: async (clockSkewMs) => {
      try {
        // The library reads the system's clock.
        const aheadMs = now().getTime() + clockSkewMs - Date.now();
        const auth = createAppAuth({
          appId,
          privateKey: privateKey.expose(),
          log: { warn: () => {} },
          // Seconds that it adds to that clock: what its own retry gives itself.
          timeDifference: Math.round(aheadMs / 1_000) + librarySeconds - backdatedSeconds,
        });
        // As a Secret it is taken out of whatever the forge may repeat.
        return new Secret((await auth({ type: 'app' })).token).expose();
      } catch {
        // The signer's words may quote the key.
        throw new ForgeError(
          'Unauthorized',
          `${host} cannot be told who the App is: its private key does not sign; replace it`,
        );
      }
    },
  };
}
