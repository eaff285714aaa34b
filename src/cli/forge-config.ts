import { isIP } from 'node:net';
import { z } from 'zod';
import { isEverAllowed, kindOfAddress, mayConnectTo } from '../base/address-kind.ts';

/** Calls an hour or a minute; a whole promotion must fit in. */
const contentLimit = z
  .int()
  .max(1_000_000)
  .refine((calls) => calls === 0 || calls >= 10, {
    message: 'must be 0, for no limit, or at least 10: one promotion takes up to 6 calls',
  });

/** One forge of the operator's list: the only places that anything is ever sent to. */
export const forge = z
  .strictObject({
    host: z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/, 'is not a host name'),
    provider: z.enum(['github', 'gitlab', 'gitea']),
    apiURL: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
    caFile: z.string().min(1).optional(),
    allowHTTP: z.boolean().default(false),
    allowPrivateNetwork: z.boolean().default(false),
    budget: z
      .strictObject({ contentPerMinute: contentLimit, contentPerHour: contentLimit })
      .partial()
      .optional(),
  })
  .transform((each) => ({ ...each, apiURL: each.apiURL ?? defaultApiUrl(each) }))
  .refine(({ apiURL, allowHTTP }) => allowHTTP || apiURL.startsWith('https://'), {
    message: 'is http: set allowHTTP if tokens may travel in the clear',
    path: ['apiURL'],
  })
  .superRefine(({ apiURL, allowPrivateNetwork }, context) => {
    const message = apiUrlTrouble(apiURL, allowPrivateNetwork);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['apiURL'], message });
  });

const apiPaths = { github: '/api/v3', gitlab: '/api/v4', gitea: '/api/v1' } as const;

/** github.com and its siblings have an API host of their own; every other server has it under a path. */
function defaultApiUrl({
  host,
  provider,
}: {
  readonly host: string;
  readonly provider: keyof typeof apiPaths;
}): string {
  const isOfGithub = host === 'github.com' || host.endsWith('.ghe.com');
  return provider === 'github' && isOfGithub ? `https://api.${host}` : `https://${host}${apiPaths[provider]}`;
}

/** What the outbound policy would refuse at every request is told at the start. What a name leads to is known only when it is looked up. */
function apiUrlTrouble(apiURL: string, allowPrivateNetwork: boolean): string | undefined {
  if (!URL.canParse(apiURL)) return `is not a URL: ${apiURL}`;
  const { username, password, search, hash, hostname } = new URL(apiURL);
  if (username !== '' || password !== '')
    return 'holds a user name or password: tokens come from Credentials';
  if (search !== '' || hash !== '') return 'must end with its path';
  if (/[^!-~]/.test(apiURL)) return 'has letters that are not ASCII: write the name as xn--…, if it is meant';
  if (hostname.endsWith('.')) return 'has a name that ends in a dot: leave it out';
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) === 0) return undefined;
  const kind = kindOfAddress(address);
  if (mayConnectTo(kind, allowPrivateNetwork)) return undefined;
  return isEverAllowed(kind)
    ? `is not a public address (${kind}): set allowPrivateNetwork if the forge is there`
    : `is an address where no forge is (${kind})`;
}
