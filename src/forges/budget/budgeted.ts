import type { Connection } from '../connection.ts';
import type { Call, Forge, ForgeWriter } from '../forge.ts';
import type { ForgeIdentity } from '../identity.ts';
import type { ForgeToken, Provider } from '../provider.ts';
import { appAccount, installationAccount, userAccount } from './account-name.ts';
import type { Budget } from './budget.ts';
import { createsContent } from './calls-of.ts';
import { readerThrough, writerThrough } from '../through.ts';

/** How long a token that is given back late may take. */
const givingBackMs = 5_000;

/**
 * The same provider, of which nothing is sent for an account that the forge has asked to wait: such a call rejects with
 * WaitingForBudget. What forges say of limits is heeded, and each request of a writing method that creates content is counted: against
 * `ForgeToken.spending`, or against what the account has left.
 */
export function budgeted(provider: Provider, budget: Budget): Provider {
  return {
    ...provider,
    identity: (connection) => budgetedIdentity(provider.identity(connection), budget),
    open: (connection, repository, token) => {
      const account = budget.tokens.of(token.value);
      const reading = provider.open(heard(connection, budget, account), repository, token);
      let writer: Forge | undefined;
      const writing = (): ForgeWriter =>
        (writer ??= provider.open(counted(connection, budget, account, token), repository, token));
      return {
        ...reading,
        ...readerThrough((use) => budget.through([account], () => use(reading))),
        ...writerThrough((use) => budget.through([account], () => use(writing()))),
      };
    },
  };
}

/** Each request is let through or not, and each answer listened to. */
function heard(connection: Connection, budget: Budget, account: string): Connection {
  return {
    ...connection,
    send: async (url, request) => {
      budget.assertOpen(account, resourceOf(url));
      const answer = await connection.send(url, request);
      budget.hear(account, answer);
      return answer;
    },
  };
}

/** The same for what writing methods send, of which what creates content is counted. */
function counted(
  connection: Connection,
  budget: Budget,
  account: string,
  { spending }: ForgeToken,
): Connection {
  const listening = heard(connection, budget, account);
  return {
    ...listening,
    send: async (url, request) => {
      if (!createsContent(url, request)) return await listening.send(url, request);
      // What is not sent is not counted.
      budget.assertOpen(account, resourceOf(url));
      const answered = spending === undefined ? budget.takeOne(account) : spending.take();
      try {
        return await listening.send(url, request);
      } finally {
        answered();
      }
    },
  };
}

/** Forges that have both limit REST and GraphQL apart. */
function resourceOf(url: string): string {
  return url.endsWith('/graphql') ? 'graphql' : 'core';
}

function budgetedIdentity(identity: ForgeIdentity, budget: Budget): ForgeIdentity {
  const { tokens } = budget;
  const { sightingOf } = identity;
  return {
    ...identity,
    ...(sightingOf === undefined
      ? {}
      : {
          sightingOf: (observer, observed, call) =>
            budget.through([tokens.of(observer)], () => sightingOf(observer, observed, call)),
        }),
    describeApp: (key, call) =>
      budget.through([appAccount(key.appId)], () => identity.describeApp(key, call)),
    findInstallation: (key, subject, call) =>
      budget.through([appAccount(key.appId)], () => identity.findInstallation(key, subject, call)),
    mintToken: async (request, call) => {
      const account = installationAccount(request.installation);
      budget.link(appAccount(request.key.appId), account);
      const minted = await budget.through([appAccount(request.key.appId), account], () =>
        identity.mintToken(request, call),
      );
      tokens.learn(minted.token, account);
      return minted;
    },
    countRepositories: (where, call) =>
      budget.through([appAccount(where.key.appId), installationAccount(where.installation.id)], () =>
        identity.countRepositories(where, call),
      ),
    revokeToken: async (token, call) => {
      const revoke = ({ signal }: Call): Promise<void> => identity.revokeToken(token, { signal });
      const account = tokens.of(token);
      tokens.forget(token);
      // Nothing is sent now, but the token is given back as soon as the forge takes calls again.
      budget.oweWhileShut(account, () => revoke({ signal: AbortSignal.timeout(givingBackMs) }));
      await budget.through([account], () => revoke(call));
    },
    describeToken: async (token, subject, call) => {
      const facts = await budget.through([tokens.of(token)], () =>
        identity.describeToken(token, subject, call),
      );
      tokens.learn(token, userAccount(facts.owner));
      return facts;
    },
  };
}
