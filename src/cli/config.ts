import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { CodedError, messageOf } from '../base/error.ts';
import { logLevels } from '../telemetry/log.ts';

const forge = z
  .strictObject({
    host: z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/, 'is not a host name'),
    provider: z.enum(['github']),
    apiURL: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
    caFile: z.string().min(1).optional(),
    allowHTTP: z.boolean().default(false),
  })
  .transform((each) => ({ ...each, apiURL: each.apiURL ?? defaultApiUrl(each.host) }))
  .refine(({ apiURL, allowHTTP }) => allowHTTP || apiURL.startsWith('https://'), {
    message: 'is http: set allowHTTP if tokens may travel in the clear',
    path: ['apiURL'],
  });

/** github.com and its siblings have an API host of their own; a server of one's own has it under a path. */
function defaultApiUrl(host: string): string {
  return host === 'github.com' || host.endsWith('.ghe.com')
    ? `https://api.${host}`
    : `https://${host}/api/v3`;
}

const config = z.strictObject({
  forges: z
    .array(forge)
    .min(1)
    .default([{ host: 'github.com', provider: 'github', apiURL: 'https://api.github.com', allowHTTP: false }])
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
  logLevel: z.enum(logLevels).default('info'),
  kubeconfig: z.string().min(1).optional(),
  context: z.string().min(1).optional(),
  serviceAccountFolder: z.string().min(1).default('/var/run/secrets/kubernetes.io/serviceaccount'),
  concurrency: z.coerce.number().int().min(1).max(64).default(8),
});

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
  help: { type: 'boolean', short: 'h' },
} as const;

export const controllerHelp = `Usage: lockkeeper controller [flags]

Watches Pipelines and app objects, opens promotion pull requests and writes status.

  --config FILE                   YAML file with forges and the settings below; a flag wins over the file
  --instance NAME                 tells two installs on one repository apart (default: uid of namespace kube-system)
  --cross-namespace-targets MODE  Annotated (default): a target's namespace must allow the Pipeline's; or Allow
  --log-level LEVEL               ${logLevels.join(', ')} (default: info)
  --concurrency N                 passes at once, 1 to 64 (default: 8)
  --kubeconfig FILE               outside of a cluster: how to reach it (default: the Pod's service account)
  --context NAME                  a context of that file (default: its current one)
  --service-account-folder DIR    where the Pod's token and CA are
  -h, --help                      this text

Exit codes: 0 stopped when asked, 1 failed, 2 a flag or the configuration is wrong.
`;

/**
 * Flags and the file they name, as one configuration.
 * Rejects with ConfigInvalid and one sentence a line for every mistake at once. `help` when that was asked for.
 */
export function readConfig(args: readonly string[]): Config | 'help' {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({ args: [...args], options: flags, allowPositionals: false }));
  } catch (thrown) {
    throw new CodedError('ConfigInvalid', `${messageOf(thrown)}\nSee: lockkeeper controller --help`);
  }
  if (values['help'] === true) return 'help';
  const { config: file, help: _help, ...rest } = values;
  const given = Object.fromEntries(
    Object.entries(rest)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [camelCase(name), value]),
  );
  const parsed = config.safeParse({ ...(typeof file === 'string' ? readFile(file) : {}), ...given });
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(
    ({ path, message }) => `  ${path.join('.') || 'configuration'}: ${message}`,
  );
  throw new CodedError(
    'ConfigInvalid',
    `The configuration has ${mistakes.length} mistake(s):\n${mistakes.join('\n')}`,
  );
}

function readFile(file: string): object {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new CodedError('ConfigInvalid', `--config: cannot read ${file}: ${messageOf(thrown)}`);
  }
  let read: unknown;
  try {
    read = parse(text);
  } catch (thrown) {
    throw new CodedError('ConfigInvalid', `--config: ${file} is not YAML: ${messageOf(thrown)}`);
  }
  if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read;
  throw new CodedError('ConfigInvalid', `--config: ${file} must hold a mapping`);
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
