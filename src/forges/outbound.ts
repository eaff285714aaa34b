import { isEverAllowed, kindOfAddress, mayConnectTo } from '../base/address-kind.ts';
import { sentence } from '../base/sentence.ts';
import { ForgeError } from './errors.ts';
import type { Endpoint, Request } from './connection.ts';

/** What may stand in a request to another origin than the API's: nothing by which anybody could act. */
const harmlessHeaders: ReadonlySet<string> = new Set(['user-agent', 'accept', 'accept-encoding']);

const maxShownBytes = 80;

/**
 * Why a request may not be sent, or undefined when it may. The API's own origin (scheme, host and port) may be sent anything. Any other
 * one is where a signed link to an archive leads: it is asked by GET, without a credential, by https on its own port and by
 * a name; in the clear only on the API's own host, where the operator has let the API be so. Never a URL with a user name or password.
 */
export function requestRefusal(
  endpoint: Endpoint,
  url: URL,
  { method, headers, body }: Pick<Request, 'method' | 'headers' | 'body'>,
): ForgeError | undefined {
  const why =
    url.username !== '' || url.password !== ''
      ? 'its URL holds a user name or password'
      : isApi(endpoint, url)
        ? undefined
        : linkTrouble(endpoint, url, {
            isPlain: method === 'GET' && body === undefined && Object.keys(headers).every(isHarmless),
          });
  if (why === undefined) return undefined;
  return new ForgeError(
    'AddressNotAllowed',
    `${endpoint.host}: nothing is sent to ${shown(url.host)}: ${why}; check the forge's apiURL, and what answers there`,
  );
}

/**
 * Why an address may not be connected to, or undefined when it may: public ones, and those of the private network where the operator
 * has allowed that for this forge.
 * @param host what was looked up; the address itself where the URL holds one
 */
export function addressRefusal(endpoint: Endpoint, host: string, address: string): ForgeError | undefined {
  const kind = kindOfAddress(address);
  const isOurs = isOfForge(endpoint, host);
  if (mayConnectTo(kind, isOurs && endpoint.allowPrivateNetwork === true)) return undefined;
  const next = !isEverAllowed(kind)
    ? `where no forge is; correct its name in DNS, or the forge's apiURL`
    : isOurs
      ? `and the operator has not allowed that; if the forge is there, set allowPrivateNetwork: true for it`
      : `and a link to an archive may lead to one only below ${nameOf(endpoint)}`;
  return new ForgeError(
    'AddressNotAllowed',
    `${endpoint.host}: nothing is sent to ${shown(host)}: it ${host === address ? 'is' : 'has'} ${article(kind)} ${kind} address, ${next}`,
  );
}

function isApi({ apiUrl }: Endpoint, url: URL): boolean {
  return new URL(apiUrl).origin === url.origin;
}

function linkTrouble(
  { apiUrl }: Endpoint,
  { protocol, port, hostname }: URL,
  { isPlain }: { readonly isPlain: boolean },
): string | undefined {
  const api = new URL(apiUrl);
  if (!isPlain) return 'it is another origin than the API, and would get a credential or a body';
  if (protocol === 'http:' && api.protocol === 'http:' && hostname === api.hostname) return undefined;
  if (protocol !== 'https:') return `a link may lead to https alone, not to ${protocol}`;
  if (port !== '') return `a link may lead to port 443 alone, not to ${port}`;
  if (hostname === api.hostname) return undefined;
  if (hostname.endsWith('.')) return 'a name may not end in a dot';
  if (/^[\d.]+$|^\[/.test(hostname)) return 'a link may lead to names alone, not to addresses';
  if (/(^|\.)xn--/.test(hostname)) return 'its name has letters that may only look like those of another one';
  return undefined;
}

/** Where the operator's word about this forge reaches: its API, its own name and what is below that. */
function isOfForge(endpoint: Endpoint, asked: string): boolean {
  const name = nameOf(endpoint);
  return asked === bare(new URL(endpoint.apiUrl).hostname) || asked === name || asked.endsWith(`.${name}`);
}

/** Without its port. */
function nameOf({ host }: Endpoint): string {
  return host.replace(/:\d+$/, '');
}

/** An IPv6 address stands in brackets in a URL, and without them where it is connected to. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function isHarmless(header: string): boolean {
  return harmlessHeaders.has(header.toLowerCase());
}

/** A stranger may have made it. */
function shown(host: string): string {
  return sentence(host, maxShownBytes);
}

function article(word: string): string {
  return /^[aeiou]/.test(word) ? 'an' : 'a';
}
