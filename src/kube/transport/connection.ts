import type { Secret } from '../../base/secret.ts';

/** What TLS to an API server is made with. */
export interface TlsMaterial {
  /** PEM; the only authorities that its certificate may be signed by. */
  readonly ca: string;
  readonly clientCertificate?: { readonly cert: string; readonly key: Secret };
  /** The name in its certificate, where that is not the server's own. */
  readonly serverName?: string;
}

/** Whether what is asked for has to be read anew: the server refused the last one, or could not be believed with it. */
export interface Ask {
  readonly fresh: boolean;
}

/** How one cluster is reached. */
export interface Connection {
  /** `https://host:port` */
  readonly server: string;
  /** Asked before each request, since authorities and certificates change while we run. Cheapest when it gives the same object until then. */
  readonly tls: (ask: Ask) => TlsMaterial;
  /** Asked before each request. */
  readonly token: (ask: Ask) => Secret | undefined;
}
