import type { Account } from './own-account.ts';
import { defaultController } from './process-options.ts';

export interface DeniedSecret {
  readonly namespace: string;
  readonly secret: string;
  /** By name. */
  readonly credential: string;
  /** As whom the controller runs, as far as it is known. */
  readonly controller: Account | undefined;
}

/**
 * The command that lets the controller read a Secret, and which rule is missing for that. A status has 256 bytes for it and cuts its
 * end off, so the command comes first: a part of one is worth nothing.
 */
export function deniedSecret({ namespace, secret, credential, controller }: DeniedSecret): string {
  const account = controller ?? defaultController;
  const flags = [
    account.namespace === defaultController.namespace ? [] : ['--controller-namespace', account.namespace],
    account.name === defaultController.name ? [] : ['--controller-service-account', account.name],
  ].flat();
  const command = ['lockkeeper rbac', credential, '-n', namespace, ...flags].join(' ');
  return `run ${command} | kubectl apply -f -; no rule lets the controller get secrets with resourceNames [${secret}] in ${namespace}`;
}
