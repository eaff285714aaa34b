import { createAppAuth } from '@octokit/auth-app';
import { ForgeError } from '../errors.ts';
import type { AppKey, Endpoint } from '../forge.ts';
import type { Bearer } from './request.ts';

/**
 * An App's word about itself, signed anew for every request. Of auth-app the JWT alone is used: what it mints it keeps in a map that
 * all Apps and hosts of the process share.
 */
export function appBearer({ appId, privateKey }: AppKey, { host }: Endpoint): Bearer {
  return {
    as: 'App key',
    token: async (clockSkewMs) => {
      try {
        const auth = createAppAuth({
          appId,
          privateKey: privateKey.expose(),
          log: { warn: () => {} },
          // Seconds that it adds to our clock: what its own retry gives itself.
          timeDifference: Math.round(clockSkewMs / 1_000),
        });
        return (await auth({ type: 'app' })).token;
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
