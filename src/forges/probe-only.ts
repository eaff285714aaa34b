import type { Secret } from '../base/secret.ts';
import { ForgeError } from './errors.ts';
import type { Connection } from './connection.ts';
import type { Call } from './forge.ts';
import type { TokenFacts } from './identity.ts';
import type { Provider } from './provider.ts';

/**
 * A provider whose credentials are probed and shown, and through which nothing is promoted yet: whatever else is asked of it rejects
 * with Refused, and not a byte is sent.
 * @param product as people call it: `GitLab`
 */
export function probeOnly(
  product: string,
  {
    describeToken,
    ...facts
  }: {
    readonly describeToken: (connection: Connection, token: Secret, call: Call) => Promise<TokenFacts>;
  } & Omit<Provider, 'identity' | 'open'>,
): Provider {
  return {
    ...facts,
    identity: (connection) => {
      const noApps = (): Promise<never> =>
        Promise.reject(
          new ForgeError(
            'Refused',
            `${connection.endpoint.host} is a ${product}, which knows no GitHub Apps; use token in place of githubApp`,
          ),
        );
      return {
        describeApp: noApps,
        findInstallation: noApps,
        mintToken: noApps,
        countRepositories: noApps,
        revokeToken: noApps,
        describeToken: (token, _, call) => describeToken(connection, token, call),
      };
    },
    open: ({ endpoint: { host } }) => {
      throw new ForgeError(
        'Refused',
        `promotions on ${product}, as ${host} is one, are not supported by this version; its credentials are probed and shown, and nothing else is sent to it`,
      );
    },
  };
}
