import { z } from 'zod';
import { CodedError } from '../../base/error.ts';

const text = z.string().optional();
/** What tools note down for themselves; it is not read. */
const extensions = z.unknown().optional();

/** A kubeconfig as a whole; what its entries hold is checked for those that are used. */
export const kubeconfig = z.strictObject({
  apiVersion: z.literal('v1').optional(),
  kind: z.literal('Config').optional(),
  preferences: z.unknown().optional(),
  extensions,
  'current-context': text,
  contexts: z.array(z.strictObject({ name: z.string(), context: z.unknown().optional() })),
  clusters: z.array(z.strictObject({ name: z.string(), cluster: z.unknown().optional() })),
  users: z.array(z.strictObject({ name: z.string(), user: z.unknown().optional() })),
});

export const context = z.strictObject({ cluster: z.string(), user: z.string(), namespace: text, extensions });

/** A cluster that stands whole in the text; with the files of whoever runs us, `cluster`. */
export const inlineCluster = z.strictObject({
  server: z.string(),
  'certificate-authority-data': text,
  'tls-server-name': z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,253}$/, 'must be a host name')
    .optional(),
  extensions,
});
export const cluster = inlineCluster.extend({ 'certificate-authority': text });

/** A user that stands whole in the text; with the files of whoever runs us, `user`. */
export const inlineUser = z.strictObject({
  // It goes into a header, of which a line break would make two.
  token: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be ASCII with no spaces or line breaks in it')
    .optional(),
  'client-certificate-data': text,
  'client-key-data': text,
  extensions,
});
export const user = inlineUser.extend({ tokenFile: text, 'client-certificate': text, 'client-key': text });

const noProgram = 'no program is run here; use a token (kubectl create token) or a client certificate';
const noPassword = 'API servers take no passwords any more; use a token (kubectl create token)';
const noFile = 'no file is read here; write what it holds as';
const noOther = 'who connects acts as itself; grant it what it needs';

/** Why what some kubeconfigs hold is not taken, and what to write instead. */
const refusals: ReadonlyMap<string, string> = new Map([
  [
    'insecure-skip-tls-verify',
    'give certificate-authority-data instead: a token goes only to a server that is checked',
  ],
  ['proxy-url', 'the API server is spoken to directly'],
  ['certificate-authority', `${noFile} certificate-authority-data (kubectl config view --flatten --raw)`],
  ['client-certificate', `${noFile} client-certificate-data (kubectl config view --flatten --raw)`],
  ['client-key', `${noFile} client-key-data (kubectl config view --flatten --raw)`],
  ['tokenFile', `${noFile} token`],
  ['token-file', `${noFile} token`],
  ['exec', noProgram],
  ['auth-provider', noProgram],
  ['username', noPassword],
  ['password', noPassword],
  ['as', noOther],
  ['as-uid', noOther],
  ['as-groups', noOther],
  ['as-user-extra', noOther],
  ['<<', 'nothing is merged here; write each key where it belongs'],
]);

/**
 * The value, as the schema has it. Throws KubeconfigInvalid, which names a key that is not understood and never a value.
 * @param where names the kubeconfig, and the part of it, to its owner
 */
export function check<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const unknown = issues.find((each) => each.code === 'unrecognized_keys');
  if (unknown !== undefined) {
    const key = unknown.keys.find((each) => refusals.has(each)) ?? unknown.keys[0] ?? '';
    const why = refusals.get(key);
    throw new CodedError(
      'KubeconfigInvalid',
      `kubeconfig ${where} has ${shown(key)}, which is not supported${why === undefined ? '' : `: ${why}`}`,
    );
  }
  const [issue] = issues;
  const path = issue?.path.join('.') ?? '';
  throw invalid(where, `${path === '' ? '' : `${path}: `}${issue?.message}`);
}

/** A key for people, unless it looks like something that stands in the wrong place, such as a token. */
export function shown(key: string): string {
  return /^[\w.<-]{1,40}$/.test(key) ? key : 'a key that is no word';
}

/** What may stand in the text in base64, as `<name>-data`, or in a file. */
export type Inline = 'certificate-authority' | 'client-certificate' | 'client-key';

/**
 * Text of what stands in base64 under `name`; undefined when nothing does. Throws KubeconfigInvalid for what is no base64.
 */
export function inlineData(
  of: z.output<typeof inlineCluster> | z.output<typeof inlineUser>,
  name: Inline,
  where: string,
): string | undefined {
  const { [`${name}-data`]: data }: Readonly<Record<string, unknown>> = of;
  if (typeof data !== 'string') return undefined;
  const bytes = Buffer.from(data, 'base64');
  // Node's own reading skips what it does not understand.
  if (bytes.toString('base64') !== data.replaceAll(/\s/g, ''))
    throw invalid(where, `${name}-data is not base64`);
  return bytes.toString('utf8');
}

/** Throws KubeconfigInvalid for what would be lost without a word: a path, as some proxies of clusters have, and a password. */
export function originOf(server: string, where: string): string {
  // URL would read past spaces, line breaks and backslashes.
  const url = /^https:\/\/[^\s\\/?#@]+\/?$/i.test(server) ? URL.parse(server) : null;
  if (url === null) throw invalid(where, 'server must be https://host:port, with no user, path or query');
  return url.origin;
}

export function invalid(where: string, what: string): CodedError {
  return new CodedError('KubeconfigInvalid', `kubeconfig ${where}: ${what}`);
}
