import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { codeOf, messageOf } from '../base/error.ts';
import { logLevels } from '../telemetry/log.ts';
import { configInvalid, issueSentences, readFlags } from './flags.ts';
import { forge } from './forge-config.ts';
import { contextNeedsKubeconfig, namespaceName, processOptions } from './process-options.ts';

/** `14,7,1` */
const daysText = z
  .string()
  .regex(/^\d{1,3}(,\d{1,3}){0,9}$/, 'must be days, as 14,7,1')
  .transform((text) => text.split(',').map(Number))
  .refine((days) => days.every((each) => each >= 1 && each <= 365), { message: 'must be 1 to 365 days' });

const config = z
  .strictObject({
    forges: z
      .array(forge)
      .min(1)
      .default([
        {
          host: 'github.com',
          provider: 'github',
          apiURL: 'https://api.github.com',
          allowHTTP: false,
          allowPrivateNetwork: false,
        },
        {
          host: 'gitlab.com',
          provider: 'gitlab',
          apiURL: 'https://gitlab.com/api/v4',
          allowHTTP: false,
          allowPrivateNetwork: false,
        },
      ])
      .refine((forges) => new Set(forges.map(({ host }) => host)).size === forges.length, {
        message: 'names a host twice',
      }),
    crossNamespaceTargets: z.enum(['Annotated', 'Allow']).default('Annotated'),
    instance: z
      .string()
      .regex(
        /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
        'must be up to 63 letters, digits, dots, dashes',
      )
      .optional(),
    ...processOptions,
    leaderElect: z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })]).optional(),
    leaderElectionNamespace: namespaceName.optional(),
    expiryWarningDays: z
      .union([daysText, z.array(z.number().int().min(1).max(365)).min(1).max(10)])
      .default([14, 7, 1]),
    concurrency: z.coerce.number().int().min(1).max(64).default(8),
    strictRbac: z
      .union([z.boolean(), z.stringbool({ truthy: ['true', ''], falsy: ['false'] })])
      .default(false),
  })
  .refine(
    ({ context, kubeconfig }) => context === undefined || kubeconfig !== undefined,
    contextNeedsKubeconfig,
  );

export type Config = z.infer<typeof config>;

const flags = {
  config: { type: 'string' },
  instance: { type: 'string' },
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  'service-account-folder': { type: 'string' },
  'cross-namespace-targets': { type: 'string' },
  'log-level': { type: 'string' },
  concurrency: { type: 'string' },
  'expiry-warning-days': { type: 'string' },
  'telemetry-address': { type: 'string' },
  'leader-elect': { type: 'string' },
  'leader-election-namespace': { type: 'string' },
  'strict-rbac': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const controllerHelp = `Usage: lockkeeper controller [flags]

Watches Pipelines and app objects, opens promotion pull requests and writes status.

  --config FILE                   YAML file with forges and the settings below; a flag wins over the file
  --instance NAME                 tells two installs on one repository apart (default: uid of namespace kube-system)
  --cross-namespace-targets MODE  Annotated (default): a target's namespace must allow the Pipeline's; or Allow
  --log-level LEVEL               ${logLevels.join(', ')} (default: info)
  --expiry-warning-days N,N       how many days before its end a token is warned of (default: 14,7,1)
  --concurrency N                 passes at once, 1 to 64 (default: 8)
  --strict-rbac                   do not start with rights that would open every Secret, or the way to one; else they are told
                                  in the log, in the metric lockkeeper_overprivileged and in the status of each Credential
  --telemetry-address HOST:PORT   where /livez, /readyz and /metrics are (default: :8080; 0: nowhere)
  --leader-elect MODE             true: act only while holding a Lease, so that several replicas may run; or false
                                  (default: true in a cluster, false with --kubeconfig)
  --leader-election-namespace NS  where the Lease lockkeeper-controller is (default: the Pod's namespace)
  --kubeconfig FILE               outside of a cluster: how to reach it (default: the Pod's service account)
  --context NAME                  a context of that file (default: its current one)
  --service-account-folder DIR    where the Pod's token and CA are
  -h, --help                      this text

Exit codes: 0 stopped when asked, 1 failed or no longer the leader, 2 a flag or the configuration is wrong.
`;

/**
 * Flags and the file they name, as one configuration.
 * Throws ConfigInvalid with one sentence a line for every mistake at once. `help` when that was asked for.
 */
export function readConfig(args: readonly string[]): Config | 'help' {
  const given = readFlags(args, flags);
  const mistakes = [...given.mistakes];
  const { help, config: path, ...values } = given.values;
  if (help !== undefined) return 'help';
  const fromFile = path === undefined ? {} : readFile(path);
  const parsed = config.safeParse({ ...(typeof fromFile === 'string' ? {} : fromFile), ...values });
  if (typeof fromFile === 'string') mistakes.push(fromFile);
  mistakes.push(...issueSentences(parsed.error?.issues ?? [], values));
  if (parsed.data !== undefined && mistakes.length === 0) return parsed.data;
  throw configInvalid('controller', 'flags or configuration', mistakes);
}

/** What the file holds, or what is wrong with it. */
function readFile(path: string): object | string {
  const { value: text, thrown } = attempt(() => readFileSync(path, 'utf8'));
  if (text === undefined) return `--config: cannot read ${path} (${codeOf(thrown)})`;
  const read = attempt((): unknown => parse(text));
  if ('thrown' in read) return `--config: ${path} is not YAML: ${messageOf(read.thrown)}`;
  const value = read.value ?? {};
  return typeof value === 'object' && !Array.isArray(value) ? value : `--config: ${path} must hold a mapping`;
}

function attempt<T>(
  what: () => T,
):
  | { readonly value: T; readonly thrown?: undefined }
  | { readonly value?: undefined; readonly thrown: unknown } {
  try {
    return { value: what() };
  } catch (thrown) {
    return { thrown };
  }
}
