import { z } from 'zod';
import { pathOf } from '../kube/resource.ts';
import type { Transport } from '../kube/transport/transport.ts';

/** A service account. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

const reviews = { group: 'authentication.k8s.io', version: 'v1', plural: 'selfsubjectreviews' };
const answered = z.object({ status: z.object({ userInfo: z.object({ username: z.string() }) }) });

/**
 * As which service account we run, by the API server's word: every authenticated user may ask (ClusterRole system:basic-user). It is
 * asked until it has answered once. Undefined for another login and where there is no answer, which is to be told and stops nothing;
 * rejects with the signal's reason alone.
 */
export function ownAccount(
  transport: Pick<Transport, 'call'>,
  onTrouble: (thrown: unknown) => void,
): (signal: AbortSignal) => Promise<Account | undefined> {
  let username: string | undefined;
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  return async (signal) => {
    try {
      username ??= answered.parse(
        await transport.call({ method: 'POST', path: pathOf(reviews), body, signal }),
      ).status.userInfo.username;
    } catch (thrown) {
      signal.throwIfAborted();
      onTrouble(thrown);
      return undefined;
    }
    const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
    return namespace === undefined || name === undefined ? undefined : { namespace, name };
  };
}
