import { CodedError } from '../base/error.ts';
import { sleep } from '../base/time.ts';
import { OverPrivilege } from '../credentials/rights/over-privilege.ts';
import { haveRight } from '../kube/access-review.ts';
import type { Transport } from '../kube/transport/transport.ts';
import type { Logger } from '../telemetry/log.ts';
import { ownNamespace } from './own-namespace.ts';

export interface OwnRightsParts {
  readonly config: Parameters<typeof ownNamespace>[0];
  readonly transport: Pick<Transport, 'call'>;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  readonly onTrouble: (thrown: unknown) => void;
  readonly onChange: () => void;
}

/** What the controller may do and must not, told in the log whenever that changes. Asks nothing before `check` or `start`. */
export function ownRights({ config, transport, log, onTrouble, onChange }: OwnRightsParts): OverPrivilege {
  const namespace = ownNamespace(config);
  return new OverPrivilege({
    namespace: typeof namespace === 'string' ? namespace : undefined,
    haveRight: (right, signal) => haveRight(transport, right, signal),
    onTrouble,
    onChange: (rights) => {
      if (rights.length === 0) log.info({}, 'the controller has no rights any more that it must not have');
      else log.warn({ rights }, 'the controller has rights that it must not have');
      onChange();
    },
  });
}

const betweenTriesMs = 2_000;

/**
 * Resolves when each right was asked about and none is held, however long it takes until all are answered. Rejects with OverPrivileged,
 * which names those that are held, and with the signal's reason.
 */
export async function refuseTooManyRights(
  rights: Pick<OverPrivilege, 'check' | 'current'>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const unanswered = await rights.check(signal);
    const now = rights.current();
    if (now !== 'unknown' && now.rights.length > 0) {
      throw new CodedError(
        'OverPrivileged',
        `strictRbac is set and the controller has rights that it must not have: ${now.rights.join(', ')}; take them from its service account, or leave strictRbac out`,
      );
    }
    if (unanswered === 0) return;
    await sleep(betweenTriesMs, signal);
  }
}
