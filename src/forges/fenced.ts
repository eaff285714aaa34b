import type { Connection } from './connection.ts';
import type { Forge, ForgeWriter } from './forge.ts';
import type { ForgeIdentity, Permission } from './identity.ts';
import type { Provider } from './provider.ts';
import { writerThrough, type Writing } from './through.ts';

/** Throws where nothing may be written any more. */
type Fence = () => void;

/**
 * The same provider, of which nothing is written to a forge unless `assertHeld` lets it: it is asked before every request that a
 * writing method sends, not only before the first, and again when that has its connection; and before a token is minted that may do
 * more than read. What it throws, the
 * method rejects with. Reading goes on, and so does revoking: also who may not act any more takes its tokens back.
 */
export function fenced(provider: Provider, assertHeld: Fence): Provider {
  return {
    ...provider,
    identity: (connection) =>
      fencedMinting(provider.identity(connection), provider.permissions.read, assertHeld),
    open: (connection, repository, token) => {
      let writer: Forge | undefined;
      const writing = (): ForgeWriter =>
        (writer ??= provider.open(fencedConnection(connection, assertHeld), repository, token));
      return {
        ...provider.open(connection, repository, token),
        ...writerThrough(fencedWriting(writing, assertHeld)),
      };
    },
  };
}

function fencedWriting(writer: () => ForgeWriter, assertHeld: Fence): Writing {
  return async (send) => {
    assertHeld();
    try {
      return await send(writer());
    } catch (thrown) {
      // To a provider, a request that was not let through is a forge that cannot be reached.
      assertHeld();
      throw thrown;
    }
  };
}

function fencedConnection(connection: Connection, assertHeld: Fence): Connection {
  return {
    ...connection,
    send: async (url, request) => {
      assertHeld();
      return await connection.send(url, { ...request, may: assertHeld });
    },
  };
}

function fencedMinting(
  identity: ForgeIdentity,
  reading: readonly Permission[],
  assertHeld: Fence,
): ForgeIdentity {
  return {
    ...identity,
    mintToken: async (request, call) => {
      if (!request.permissions.every((each) => reading.includes(each))) assertHeld();
      return await identity.mintToken(request, call);
    },
  };
}
