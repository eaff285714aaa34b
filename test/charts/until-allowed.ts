import type { Secret } from '../../src/base/secret.ts';
import { haveRight } from '../../src/kube/access-review.ts';
import { Transport } from '../../src/kube/transport/transport.ts';
import type { ControlPlane } from '../sandbox/cluster/control-plane.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';

/** Waits until the API server allows what was given a moment ago; rights as `rulesOf` writes them. */
export async function untilAllowed(
  cluster: ControlPlane,
  of: { readonly token: Secret; readonly namespace: string },
  rights: readonly string[],
): Promise<void> {
  const transport = new Transport({
    server: cluster.server,
    tls: () => ({ ca: cluster.ca }),
    token: () => of.token,
  });
  try {
    for (const right of rights) {
      await eventually(`the API server knows of ${right}`, () =>
        haveRight(transport, rightOf(right, of.namespace), new AbortController().signal),
      );
    }
  } finally {
    await transport.close();
  }
}

function rightOf(right: string, namespace: string) {
  const [verb = '', thing = '', name] = right.split(' ');
  const [path = '', ...group] = thing.split('.');
  const [resource = '', subresource] = path.split('/');
  const isOfNamespace = resource === 'leases' || resource === 'secrets';
  return {
    verb,
    group: group.join('.'),
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(isOfNamespace ? { namespace } : {}),
    ...(name === undefined ? {} : { name }),
  };
}
