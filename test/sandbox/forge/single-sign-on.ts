import { randomBytes } from 'node:crypto';
import type { Account } from './accounts.ts';
import type { Caller } from './caller.ts';
import { GithubError } from './github-error.ts';
import type { World } from './world.ts';

const words =
  'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.';

/** Whether an organization with single sign-on wants this token to be authorized first. Fine-grained tokens are when they are made. */
function isShutOut(caller: Caller, owner: Account): boolean {
  return owner.singleSignOn && caller.kind === 'classic' && !caller.token.authorizedFor.has(owner.id);
}

/** Throws GitHub's 403, whose header names a page that is another one each time. */
export function checkSingleSignOn({ profile: { host } }: World, caller: Caller, owner: Account): void {
  if (!isShutOut(caller, owner)) return;
  const page = `https://${host}/orgs/${owner.login}/sso?authorization_request=${randomBytes(40).toString('hex').toUpperCase()}`;
  throw new GithubError(403, words, { headers: { 'x-github-sso': `required; url=${page}` } });
}
