/** The page of an organization where its single sign-on begins. */
const page = /^https:\/\/([a-z0-9.-]+)\/orgs\/([\w.-]{1,100})\/sso$/i;

/**
 * What to do about a token that is not authorized for an organization's single sign-on, by the header that tells of it:
 * `required; url=…`, or `partial-results; organizations=…` where the rest was shown. Only an address of the forge's own host is repeated,
 * and of it nothing but the page: the query that GitHub adds is another one each time and lasts an hour.
 * @returns undefined when the header tells of nothing
 */
export function singleSignOn(header: string, host: string): string | undefined {
  if (header === '') return undefined;
  const [, url = ''] = /\burl=(\S+)/.exec(header) ?? [];
  const [address = ''] = url.split('?');
  const [, at, organization] = page.exec(address) ?? [];
  const settings = 'authorize it under Settings, Developer settings, Tokens, Configure SSO';
  return at !== undefined && at.toLowerCase() === host.toLowerCase()
    ? `takes only tokens that are authorized for the single sign-on of ${organization}; let its owner sign in at ${address} and ${settings}`
    : `takes only tokens that are authorized for the organization's single sign-on; let its owner ${settings}`;
}
