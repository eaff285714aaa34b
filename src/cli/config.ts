import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { CodedError, codeOf, messageOf } from '../base/error.ts';
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

/** `host:port` or `:port`, an IPv6 address in brackets; `0`: nowhere. */
const listenAddress = z
  .string()
  .regex(/^(0|([^\s:[\]]*|\[[0-9a-fA-F:.]+\]):[0-9]{1,5})$/, 'must be host:port, :port, or 0 for none')
  .transform((address) => {
    if (address === '0') return 'nowhere' as const;
    const cut = address.lastIndexOf(':');
    const host = address.slice(0, cut).replace(/^\[|\]$/g, '');
    return { host, port: Number(address.slice(cut + 1)) };
  })
  .refine((address) => address === 'nowhere' || address.port <= 65_535, { message: 'has no such port' });

const config = z
  .strictObject({
    forges: z
      .array(forge)
      .min(1)
      .default([
        { host: 'github.com', provider: 'github', apiURL: 'https://api.github.com', allowHTTP: false },
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
    logLevel: z.enum(logLevels).default('info'),
    kubeconfig: z.string().min(1).optional(),
    context: z.string().min(1).optional(),
    serviceAccountFolder: z.string().min(1).default('/var/run/secrets/kubernetes.io/serviceaccount'),
    telemetryAddress: listenAddress.default({ host: '', port: 8080 }),
    leaderElect: z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })]).optional(),
    leaderElectionNamespace: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'is not the name of a namespace')
      .optional(),
    concurrency: z.coerce.number().int().min(1).max(64).default(8),
  })
  .refine(({ context, kubeconfig }) => context === undefined || kubeconfig !== undefined, {
    message: 'says which context of a kubeconfig: give --kubeconfig too',
    path: ['context'],
    when: () => true,
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
  'telemetry-address': { type: 'string' },
  'leader-elect': { type: 'string' },
  'leader-election-namespace': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const controllerHelp = `Usage: lockkeeper controller [flags]

Watches Pipelines and app objects, opens promotion pull requests and writes status.

  --config FILE                   YAML file with forges and the settings below; a flag wins over the file
  --instance NAME                 tells two installs on one repository apart (default: uid of namespace kube-system)
  --cross-namespace-targets MODE  Annotated (default): a target's namespace must allow the Pipeline's; or Allow
  --log-level LEVEL               ${logLevels.join(', ')} (default: info)
  --concurrency N                 passes at once, 1 to 64 (default: 8)
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
  const { values, mistakes } = readFlags(args);
  if (values['help'] !== undefined) return 'help';
  const { config: path, ...given } = values;
  const fromFile = path === undefined ? {} : readFile(path);
  const parsed = config.safeParse({ ...(typeof fromFile === 'string' ? {} : fromFile), ...given });
  if (typeof fromFile === 'string') mistakes.push(fromFile);
  for (const {
    path: [name, ...rest],
    message,
  } of parsed.error?.issues ?? []) {
    const where =
      typeof name === 'string' && name in given ? `--${kebabCase(name)}` : [name, ...rest].join('.');
    mistakes.push(where === '' ? message : `${where}: ${message}`);
  }
  if (parsed.data !== undefined && mistakes.length === 0) return parsed.data;
  throw new CodedError(
    'ConfigInvalid',
    [
      `${mistakes.length} mistake(s) in flags or configuration:`,
      ...mistakes.map((each) => `  ${each}`),
      'See: lockkeeper controller --help',
    ].join('\n'),
  );
}

interface Flags {
  /** By their names in the configuration. */
  readonly values: Readonly<Record<string, string>>;
  readonly mistakes: string[];
}

/** By their tokens, since parseArgs itself stops at the first mistake. */
function readFlags(args: readonly string[]): Flags {
  const lax = { strict: false, allowPositionals: true, tokens: true } as const;
  const { tokens } = parseArgs({ args: [...args], options: flags, ...lax });
  const values: Record<string, string> = {};
  const mistakes: string[] = [];
  let wasWrong = false;
  for (const token of tokens) {
    if (token.kind === 'option') {
      const mistake = mistakeIn(token);
      wasWrong = mistake !== undefined;
      if (mistake === undefined) values[camelCase(token.name)] = token.value ?? '';
      else mistakes.push(`${token.rawName}: ${mistake}`);
    } else if (token.kind === 'positional') {
      // What follows a wrong flag is probably its value.
      if (!wasWrong) mistakes.push(`unexpected argument ${JSON.stringify(token.value)}`);
      wasWrong = false;
    }
  }
  return { values, mistakes };
}

function mistakeIn({
  name,
  value,
  inlineValue,
}: {
  readonly name: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}): string | undefined {
  if (!isFlag(name)) return 'there is no such flag';
  if (flags[name].type === 'boolean') return value === undefined ? undefined : 'takes no value';
  const isNextFlag = inlineValue !== true && value?.startsWith('-') === true;
  return value === undefined || value === '' || isNextFlag ? 'needs a value' : undefined;
}

function isFlag(name: string): name is keyof typeof flags {
  return Object.hasOwn(flags, name);
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

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
