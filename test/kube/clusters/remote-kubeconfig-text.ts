import { stringify } from 'yaml';
import { makeCertificate } from '../../certificate.ts';

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Whose certificates the cluster of `remoteText` is checked with. */
export const authority = makeCertificate();

interface Parts {
  readonly cluster?: object;
  readonly user?: object | null;
  readonly context?: object;
  /** In place of what stands at the top. */
  readonly more?: object;
}

/** A kubeconfig as it stands in a Secret, right but for the parts. */
export function remoteText({ cluster = {}, user, context = {}, more = {} }: Parts = {}): string {
  const server = 'https://api.test:6443';
  const inline = { server, 'certificate-authority-data': base64(authority.cert) };
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      preferences: {},
      'current-context': 'canal',
      contexts: [{ name: 'canal', context: { cluster: 'lake', user: 'keeper', ...context } }],
      clusters: [{ name: 'lake', cluster: { ...inline, ...cluster } }],
      users: [{ name: 'keeper', user: user === undefined ? { token: 't0ken' } : user }],
      ...more,
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}
