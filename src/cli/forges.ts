import { readFileSync } from 'node:fs';
import { CodedError, codeOf } from '../base/error.ts';
import { connect } from '../forges/connect.ts';
import { fenced } from '../forges/fenced.ts';
import type { Connection, Provider } from '../forges/forge.ts';
import { providers } from '../forges/index.ts';
import { measured, type MeasuredCall } from '../forges/measured.ts';
import type { Config } from './config.ts';

export interface ListedForges {
  /** By host, as the operator lists them. */
  readonly byHost: ReadonlyMap<string, { readonly connection: Connection; readonly provider: Provider }>;
  close(): Promise<void>;
}

/**
 * The operator's forges: every call is reported, and whatever writes asks `assertHeld` first. Throws ConfigInvalid when the CA file
 * of one cannot be read.
 */
export function listForges(
  forges: Config['forges'],
  hooks: { readonly onCall: (host: string, ended: MeasuredCall) => void; readonly assertHeld: () => void },
): ListedForges {
  const byHost = new Map(
    forges.map(({ host, provider, apiURL, caFile, allowPrivateNetwork }) => {
      const ca = caFile === undefined ? {} : { ca: readAuthority(host, caFile) };
      return [
        host,
        {
          connection: connect({ host, provider, apiUrl: apiURL, ...ca, allowPrivateNetwork }),
          provider: fenced(
            measured(providers[provider], () => (ended) => hooks.onCall(host, ended)),
            hooks.assertHeld,
          ),
        },
      ];
    }),
  );
  return {
    byHost,
    close: async () => {
      await Promise.all([...byHost.values()].map(({ connection }) => connection.close()));
    },
  };
}

function readAuthority(host: string, caFile: string): string {
  try {
    return readFileSync(caFile, 'utf8');
  } catch (thrown) {
    throw new CodedError(
      'ConfigInvalid',
      `forge ${host}: cannot read its caFile ${caFile} (${codeOf(thrown)})`,
    );
  }
}
