import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { auditedCredential, secretNameOf } from '../auditor/audited.ts';
import { wantedRules, type WantedRules } from '../auditor/wanted-rules.ts';
import { apiVersion } from '../api/meta.ts';
import { CodedError, codeOf } from '../base/error.ts';
import {
  controllerAccount,
  controllerSaid,
  doubtOfController,
  type KnownController,
} from './controller-account.ts';
import { configInvalid, issueSentences, readFlags } from './flags.ts';
import { answerPerson, atCluster } from './person.ts';
import { defaultController, namespaceName, accountName } from './process-options.ts';
import { readCredential } from './read-credential.ts';

const flags = {
  namespace: { type: 'string', short: 'n' },
  filename: { type: 'string', short: 'f' },
  'controller-namespace': { type: 'string' },
  'controller-service-account': { type: 'string' },
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const help = `Usage: lockkeeper rbac CREDENTIAL -n NAMESPACE [flags] | kubectl apply -f -

Prints the Role and RoleBinding that let the controller get the Secret of a Credential: that one, and no other.

  -n, --namespace NS                 of the Credential; of a file the namespace that stands in it, unless given
  -f, --filename FILE                a Credential that is not applied yet; - for standard input
  --controller-namespace NS          where the controller runs (default: as ClusterRoleBinding lockkeeper-controller says, else
                                     ${defaultController.namespace}, which is said; with -f the latter)
  --controller-service-account NAME  as what (default: likewise, else ${defaultController.name})
  --kubeconfig FILE                  how to reach the cluster (default: $KUBECONFIG, ~/.kube/config, the Pod's service account)
  --context NAME                     a context of that file (default: its current one)
  -h, --help                         this text

Exit codes: 0 printed, 1 no such Credential or no answer, 2 a flag or the file is wrong.
`;

const options = z.object({
  namespace: namespaceName.optional(),
  filename: z.string().optional(),
  controllerNamespace: namespaceName.optional(),
  controllerServiceAccount: accountName.optional(),
  kubeconfig: z.string().optional(),
  context: z.string().optional(),
});
type Options = z.infer<typeof options> & { readonly name: string | undefined };

/** `lockkeeper rbac`; gives the exit code. */
export async function runRbac(args: readonly string[], signal: AbortSignal): Promise<number> {
  return await answerPerson('rbac', async () => {
    const wanted = optionsOf(args);
    if (wanted === 'help') return help;
    const rules = await wantedOf(wanted, signal);
    const doubt = doubtOfController(rules.controller);
    return `${doubt === undefined ? '' : `# ${doubt}\n`}${wantedRules(rules)}`;
  });
}

function optionsOf(args: readonly string[]): Options | 'help' {
  const given = readFlags(args, flags, 1);
  const { help: asked, ...values } = given.values;
  if (asked !== undefined) return 'help';
  const [name] = given.words;
  const parsed = options.safeParse(values);
  const mistakes = [...given.mistakes, ...issueSentences(parsed.error?.issues ?? [], values)];
  const isFile = values['filename'] !== undefined;
  if (name === undefined && !isFile) mistakes.push('name a Credential, or give -f FILE');
  if (values['namespace'] === undefined && !isFile)
    mistakes.push('say in which namespace it is: -n NAMESPACE');
  if (parsed.data === undefined || mistakes.length > 0) throw configInvalid('rbac', 'its flags', mistakes);
  return { ...parsed.data, name };
}

async function wantedOf(
  wanted: Options,
  asked: AbortSignal,
): Promise<WantedRules & { readonly controller: KnownController }> {
  if (wanted.filename !== undefined)
    return { ...credentialIn(wanted.filename, wanted), controller: controllerSaid(wanted) };
  const { namespace = '', name = '' } = wanted;
  return await atCluster(wanted, asked, async (transport, signal) => {
    const read = await readCredential(transport, { namespace, name }, signal);
    const controller = await controllerAccount(transport, wanted, signal);
    return { namespace, credential: name, secret: secretNameOf(read), controller };
  });
}

/** A Credential as people write it: what only the API server knows is not there yet. */
const written = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('Credential'),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
  spec: auditedCredential.shape.spec,
});

/** The one Credential of a file that is meant. Throws FileInvalid. */
function credentialIn(
  file: string,
  { name, namespace }: Pick<Options, 'name' | 'namespace'>,
): Omit<WantedRules, 'controller'> {
  const shown = file === '-' ? 'standard input' : file;
  const found = documentsOf(file, shown).flatMap((document) => {
    const { data } = written.safeParse(document);
    const isMeant =
      data !== undefined &&
      (name === undefined || data.metadata.name === name) &&
      (namespace ?? data.metadata.namespace) === (data.metadata.namespace ?? namespace);
    return isMeant ? [data] : [];
  });
  const [first, ...others] = found;
  const which = name === undefined ? 'a Credential' : `Credential ${name}`;
  if (first === undefined) throw invalid(`${shown} does not hold ${which}${at(namespace)}`);
  if (others.length > 0)
    throw invalid(
      `${shown} holds ${found.length} Credentials: name one of ${found.map((each) => each.metadata.name).join(', ')}`,
    );
  const where = namespace ?? first.metadata.namespace;
  if (where === undefined) throw invalid(`${shown} does not say in which namespace it is: give -n NAMESPACE`);
  const secret = secretNameOf(first);
  if (secret === '')
    throw invalid(`${shown}: Credential ${first.metadata.name} names no Secret: give it githubApp or token`);
  return { namespace: where, credential: first.metadata.name, secret };
}

function at(namespace: string | undefined): string {
  return namespace === undefined ? '' : ` of namespace ${namespace}`;
}

function documentsOf(file: string, shown: string): unknown[] {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (thrown) {
    throw invalid(`cannot read ${shown} (${codeOf(thrown)})`);
  }
  return parseAllDocuments(text).map((document, index): unknown => {
    if (document.errors.length > 0) throw invalid(`${shown}: document ${index + 1} is not YAML`);
    const value: unknown = document.toJS();
    return value;
  });
}

function invalid(what: string): CodedError {
  return new CodedError('ConfigInvalid', what);
}
