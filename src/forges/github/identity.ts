import type { Connection } from '../connection.ts';
import type { ForgeIdentity } from '../identity.ts';
import { countRepositories } from './count-repositories.ts';
import { describeApp } from './describe-app.ts';
import { describeToken } from './describe-token.ts';
import { findInstallation } from './find-installation.ts';
import { mintToken } from './mint-token.ts';
import { revokeToken } from './revoke-token.ts';
import { sightingOf } from './sighting.ts';

/** See `ForgeIdentity`. Remembers no key, token or installation: who keeps them knows what they may be kept under. */
export function githubIdentity(connection: Connection): ForgeIdentity {
  return {
    describeApp: (key, call) => describeApp(connection, key, call),
    findInstallation: (key, subject, call) => findInstallation(connection, key, subject, call),
    mintToken: (request, call) => mintToken(connection, request, call),
    countRepositories: (where, call) => countRepositories(connection, where, call),
    revokeToken: (token, call) => revokeToken(connection, token, call),
    describeToken: (token, subject, call) => describeToken(connection, token, subject, call),
    sightingOf: (observer, observed, call) => sightingOf(connection, observer, observed, call),
  };
}
