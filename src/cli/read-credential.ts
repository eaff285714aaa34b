import { auditedCredential, credentials, type AuditedCredential } from '../auditor/audited.ts';
import { CodedError } from '../base/error.ts';
import { isKubeError } from '../kube/errors.ts';
import { pathOf } from '../kube/resource.ts';
import type { Transport } from '../kube/transport/transport.ts';

/** One Credential, as whoever asks may read it. Rejects with a sentence that says what to do: NotFound, Forbidden. */
export async function readCredential(
  transport: Pick<Transport, 'call'>,
  at: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<AuditedCredential> {
  try {
    return auditedCredential.parse(
      await transport.call({ method: 'GET', path: pathOf(credentials, at), signal }),
    );
  } catch (thrown) {
    if (isKubeError(thrown, 'NotFound')) throw new CodedError('NotFound', absence(thrown.message, at));
    if (isKubeError(thrown, 'Forbidden'))
      throw new CodedError(
        'Forbidden',
        `you may not get Credential ${at.namespace}/${at.name}; ask for the verb get on credentials.lockkeeper.dev in namespace ${at.namespace}`,
      );
    throw thrown;
  }
}

function absence(
  said: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): string {
  // So the server speaks of a kind; of an object it says its name.
  return said.includes('the server could not find the requested resource')
    ? 'this cluster has no Credentials at all: install the chart, or see whether this is the right context'
    : `there is no Credential ${name} in namespace ${namespace}; kubectl get credentials -A shows which there are`;
}
