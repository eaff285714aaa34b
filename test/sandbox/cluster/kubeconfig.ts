import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Secret } from '../../../src/base/secret.ts';

interface KubeconfigParts {
  readonly server: string;
  /** Base64 of a PEM, as it stands in a kubeconfig. */
  readonly caData: string;
  readonly token: Secret;
  /** Of the file `<name>.kubeconfig`, its cluster, user and context. */
  readonly name: string;
  /** Where the file goes; exists. */
  readonly folder: string;
  readonly namespace?: string | undefined;
}

/** Writes a kubeconfig that only we can read, with a token and a CA in it and no path to elsewhere; resolves to its path. */
export async function writeKubeconfig(parts: KubeconfigParts): Promise<string> {
  const { server, caData, token, name, folder, namespace } = parts;
  const file = join(folder, `${name}.kubeconfig`);
  const text = stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server, 'certificate-authority-data': caData } }],
      users: [{ name, user: { token: token.expose() } }],
      contexts: [{ name, context: { cluster: name, user: name, ...(namespace && { namespace }) } }],
      'current-context': name,
    },
    { lineWidth: 0 },
  );
  await writeFile(file, text, { mode: 0o600 });
  return file;
}
