import { z } from 'zod';
import { secretNameOf, type AuditedCredential } from '../auditor/audited.ts';
import { audit } from '../auditor/closure.ts';
import { gatherRbac } from '../auditor/gather.ts';
import { systemClock } from '../base/time.ts';
import { exclusivenessOf } from '../credentials/health/exclusiveness.ts';
import { accessJson, accessTable, type AuditorWord, type ShownAccess } from './access-views.ts';
import { controllerAccount } from './controller-account.ts';
import { configInvalid, issueSentences, readFlags } from './flags.ts';
import { answerPerson, atCluster } from './person.ts';
import { accountName, defaultController, isGiven, namespaceName } from './process-options.ts';
import { readCredential } from './read-credential.ts';
import { trustedSubjects } from './trusted-subjects.ts';

const flags = {
  namespace: { type: 'string', short: 'n' },
  output: { type: 'string', short: 'o' },
  'controller-namespace': { type: 'string' },
  'controller-service-account': { type: 'string' },
  trusted: { type: 'string', multiple: true },
  'flux-locked-down': { type: 'boolean' },
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const help = `Usage: lockkeeper access CREDENTIAL -n NAMESPACE [flags]

Shows who else can read, overwrite or get at the Secret of a Credential, and by which way: worked out from the roles and bindings that
you may list. What you may not list is said. The Secret itself is not read.

  -n, --namespace NS                 of the Credential
  -o, --output FORMAT                table (default) or json
  --controller-namespace NS          where the controller runs, which may read it (default: as ClusterRoleBinding lockkeeper-controller
                                     says, else ${defaultController.namespace}, which is said)
  --controller-service-account NAME  as what (default: likewise, else ${defaultController.name})
  --trusted SUBJECT                  whom you trust, such as "ServiceAccount flux-system/kustomize-controller", "User NAME" or "Group NAME":
                                     shown in the baseline, and not counted; once for each. Whom the auditor was told to trust is not
                                     known here, so give the same to get the same verdict
  --flux-locked-down                 as the auditor takes it: who writes what Flux applies in other namespaces is not counted
  --kubeconfig FILE                  how to reach the cluster (default: $KUBECONFIG, ~/.kube/config, the Pod's service account)
  --context NAME                     a context of that file (default: its current one)
  -h, --help                         this text

Exit codes: 0 shown, 1 no such Credential or no answer, 2 a flag is wrong.
`;

const options = z.object({
  namespace: namespaceName,
  output: z.enum(['table', 'json']).default('table'),
  controllerNamespace: namespaceName.optional(),
  controllerServiceAccount: accountName.optional(),
  trusted: trustedSubjects,
  fluxLockedDown: isGiven,
  kubeconfig: z.string().optional(),
  context: z.string().optional(),
});
type Options = z.infer<typeof options> & { readonly name: string };

/** `lockkeeper access`; gives the exit code. */
export async function runAccess(args: readonly string[], signal: AbortSignal): Promise<number> {
  return await answerPerson('access', async () => {
    const wanted = optionsOf(args);
    if (wanted === 'help') return help;
    const shown = await accessOf(wanted, signal);
    return wanted.output === 'json' ? accessJson(shown) : accessTable(shown);
  });
}

function optionsOf(args: readonly string[]): Options | 'help' {
  const given = readFlags(args, flags, 1);
  const { help: asked, ...single } = given.values;
  if (asked !== undefined) return 'help';
  const values: Readonly<Record<string, unknown>> = { ...single, ...given.lists };
  const [name] = given.words;
  const mistakes = [...given.mistakes];
  if (name === undefined) mistakes.push('name a Credential');
  if (values['namespace'] === undefined) mistakes.push('say in which namespace it is: -n NAMESPACE');
  const parsed = options.safeParse({ namespace: 'default', ...values });
  mistakes.push(...issueSentences(parsed.error?.issues ?? [], values));
  if (parsed.data === undefined || name === undefined || mistakes.length > 0)
    throw configInvalid('access', 'its flags', mistakes);
  return { ...parsed.data, name };
}

async function accessOf(wanted: Options, asked: AbortSignal): Promise<ShownAccess> {
  const { namespace, name, trusted, fluxLockedDown } = wanted;
  return await atCluster(wanted, asked, async (transport, signal) => {
    const credential = await readCredential(transport, { namespace, name }, signal);
    const controller = await controllerAccount(transport, wanted, signal);
    const namespaces = [...new Set([namespace, controller.namespace])];
    const { index, notSeen, lacksRoles } = await gatherRbac(transport, namespaces, signal);
    const secret = secretNameOf(credential);
    const report = audit(index, { namespace, secret, controller, trusted, fluxLockedDown });
    const auditor = auditorWord(credential, secret);
    return {
      credential: { namespace, name },
      secret,
      controller,
      auditor,
      report: { ...report, dormant: lacksRoles ? [] : report.dormant },
      notSeen,
    };
  });
}

/** What status says, and whether the controller would believe it now. */
function auditorWord({ status }: AuditedCredential, secret: string): AuditorWord | undefined {
  const access = status?.access;
  if (access === undefined) return undefined;
  const { verdict, checkedTime, message } = access;
  const now = exclusivenessOf(access, { secret, now: systemClock.now() });
  const isBelieved = now.reason === verdict && now.message === message;
  return { verdict, checkedTime, message, disbelief: isBelieved ? undefined : now.message };
}
