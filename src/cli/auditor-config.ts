import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { logLevels } from '../telemetry/log.ts';
import { configInvalid, issueSentences, readFlags } from './flags.ts';
import {
  accountName,
  contextNeedsKubeconfig,
  defaultController,
  isGiven,
  namespaceName,
  processOptions,
} from './process-options.ts';
import { trustedSubjects } from './trusted-subjects.ts';

const flags = {
  'controller-namespace': { type: 'string' },
  'controller-service-account': { type: 'string' },
  trusted: { type: 'string', multiple: true },
  'flux-locked-down': { type: 'boolean' },
  'other-authorizers': { type: 'string' },
  'log-level': { type: 'string' },
  'telemetry-address': { type: 'string' },
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  'service-account-folder': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const auditorHelp = `Usage: lockkeeper auditor [flags]

Watches roles and bindings, and writes into the status of each Credential who else could take its Secret. It never
reads a Secret. One is enough; two that run at once write the same.

  --controller-namespace NS          where the controller runs, which may read the Secrets (default: the Pod's namespace,
                                     ${defaultController.namespace} with --kubeconfig)
  --controller-service-account NAME  as what it runs (default: ${defaultController.name})
  --trusted SUBJECT                  whom the operator trusts with every Secret, such as "ServiceAccount flux-system/kustomize-controller",
                                     "User NAME" or "Group NAME": shown in the baseline, and not counted; once for each
  --flux-locked-down                 its controllers apply nothing as themselves that others write (--default-service-account): who writes
                                     Kustomizations or HelmReleases of other namespaces is not counted, which the baseline says
  --other-authorizers VALUE          what another authorizer than RBAC makes of Exclusive: Doubted, then it is Unknown, or Trusted, then
                                     that stands in the baseline (default: Doubted)
  --log-level LEVEL                  ${logLevels.join(', ')} (default: info)
  --telemetry-address HOST:PORT      where /livez, /readyz and /metrics are (default: :8080; 0: nowhere)
  --kubeconfig FILE                  outside of a cluster: how to reach it (default: the Pod's service account)
  --context NAME                     a context of that file (default: its current one)
  --service-account-folder DIR       where the Pod's token and CA are
  -h, --help                         this text

Exit codes: 0 stopped when asked, 1 failed, 2 a flag is wrong.
`;

const config = z
  .strictObject({
    ...processOptions,
    controllerNamespace: namespaceName.optional(),
    controllerServiceAccount: accountName.default(defaultController.name),
    trusted: trustedSubjects,
    fluxLockedDown: isGiven,
    otherAuthorizers: z.enum(['Doubted', 'Trusted']).default('Doubted'),
  })
  .refine(
    ({ context, kubeconfig }) => context === undefined || kubeconfig !== undefined,
    contextNeedsKubeconfig,
  )
  .transform(({ controllerNamespace, controllerServiceAccount, ...rest }) => ({
    ...rest,
    controller: {
      namespace: controllerNamespace ?? podNamespace(rest) ?? defaultController.namespace,
      name: controllerServiceAccount,
    },
  }));

export type AuditorConfig = z.infer<typeof config>;

/** The flags of the auditor. Throws ConfigInvalid with one sentence a line for every mistake at once. `help` when that was asked for. */
export function readAuditorConfig(args: readonly string[]): AuditorConfig | 'help' {
  const given = readFlags(args, flags);
  const { help, ...single } = given.values;
  if (help !== undefined) return 'help';
  const values = { ...single, ...given.lists };
  const parsed = config.safeParse(values);
  const mistakes = [...given.mistakes, ...issueSentences(parsed.error?.issues ?? [], values)];
  if (parsed.data !== undefined && mistakes.length === 0) return parsed.data;
  throw configInvalid('auditor', 'its flags', mistakes);
}

/** The controller runs beside the auditor unless somebody says otherwise. */
function podNamespace({
  kubeconfig,
  serviceAccountFolder,
}: {
  readonly kubeconfig?: string | undefined;
  readonly serviceAccountFolder: string;
}): string | undefined {
  if (kubeconfig !== undefined) return undefined;
  try {
    return readFileSync(join(serviceAccountFolder, 'namespace'), 'utf8').trim();
  } catch {
    return undefined; // who is in no Pod is told so when it connects
  }
}
