import { readFileSync } from 'node:fs';
import { CodedError, codeOf } from '../base/error.ts';
import { systemClock } from '../base/time.ts';
import type { ListedForge } from '../credentials/listed-forge.ts';
import { Budget, type BudgetFacts } from '../forges/budget/budget.ts';
import { budgeted } from '../forges/budget/budgeted.ts';
import { connect } from '../forges/connect.ts';
import { fenced } from '../forges/fenced.ts';
import { providers } from '../forges/index.ts';
import { measured, type MeasuredCall } from '../forges/measured.ts';
import type { Config } from './config.ts';
import { contentLimits } from './content-limits.ts';

export interface ListedForges {
  /** By host, as the operator lists them. */
  readonly byHost: ReadonlyMap<string, ListedForge>;
  /** What is left at each of what they allow. */
  budgetFacts(): readonly BudgetFacts[];
  close(): Promise<void>;
}

/**
 * The operator's forges: every call is reported, whatever writes asks `assertHeld` first, and no more is sent than each forge takes.
 * Throws ConfigInvalid when the CA file of one cannot be read.
 */
export function listForges(
  forges: Config['forges'],
  hooks: {
    readonly onCall: (host: string, ended: MeasuredCall) => void;
    readonly onWait: (host: string, why: 'content' | 'forge') => void;
    readonly assertHeld: () => void;
  },
): ListedForges {
  const byHost = new Map(
    forges.map(({ host, provider, apiURL, caFile, allowPrivateNetwork, budget: wanted }) => {
      const ca = caFile === undefined ? {} : { ca: readAuthority(host, caFile) };
      const budget = new Budget({
        host,
        limits: contentLimits({ host, budget: wanted }),
        clock: systemClock,
        elapsedMs: () => performance.now(),
        onWait: (why) => hooks.onWait(host, why),
      });
      return [
        host,
        {
          connection: connect({ host, provider, apiUrl: apiURL, ...ca, allowPrivateNetwork }),
          provider: budgeted(
            fenced(
              measured(providers[provider], () => (ended) => hooks.onCall(host, ended)),
              hooks.assertHeld,
            ),
            budget,
          ),
          budget,
        },
      ];
    }),
  );
  return {
    byHost,
    budgetFacts: () => [...byHost.values()].flatMap(({ budget }) => budget.facts()),
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
