import type { Secret } from '../base/secret.ts';

/** What TLS to an API server is made with. */
export interface TlsMaterial {
  /** PEM; the only authorities that its certificate may be signed by. */
  readonly ca: string;
  readonly clientCertificate?: { readonly cert: string; readonly key: Secret };
  /** The name in its certificate, where that is not the server's own. */
  readonly serverName?: string;
}

/** How one cluster is reached. */
export interface Connection {
  /** `https://host:port` */
  readonly server: string;
  /** Asked before each request, since authorities and certificates change while we run. */
  readonly tls: () => TlsMaterial;
  /** Asked for each request; `fresh` after the server refused the last one. */
  readonly token: (ask: { readonly fresh: boolean }) => Secret | undefined;
}
