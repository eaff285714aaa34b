import { toTimestamp } from '../../../../src/base/time.ts';
import type { Account } from '../accounts.ts';
import type { ClassicToken, FineGrainedToken } from '../credentials.ts';
import { type Exchange, page } from '../exchange.ts';
import { GithubError, notFound } from '../github-error.ts';
import { covers } from '../permissions.ts';
import { type Route, route } from '../router.ts';
import type { World } from '../world.ts';
import { presentAccount } from './present.ts';

/** What an organization is shown of its people's tokens. */
export function organizationRoutes(): Route[] {
  return [
    route('GET /orgs/{org}/personal-access-tokens', 'anyone', (exchange) => {
      const organization = organizationOf(exchange);
      checkApp(exchange, organization);
      const { world, query } = exchange;
      const owners = query.getAll('owner[]').map((login) => login.toLowerCase());
      const grants = world.credentials
        .tokens()
        .filter((token) => token.kind === 'fineGrained')
        .filter((token) => token.resourceOwner.id === organization.id && !token.revoked)
        .filter(({ owner }) => owners.length === 0 || owners.includes(owner.login.toLowerCase()));
      return page(exchange, grants, (grant) => presentGrant(world, grant));
    }),
    route('GET /orgs/{org}/credential-authorizations', 'anyone', (exchange) => {
      const organization = organizationOf(exchange);
      checkOwner(exchange, organization);
      const { world, query } = exchange;
      const login = query.get('login')?.toLowerCase();
      const authorized = world.credentials
        .tokens()
        .filter((token) => token.kind === 'classic')
        .filter((token) => token.authorizedFor.has(organization.id) && !token.revoked)
        .filter(({ owner }) => login === undefined || owner.login.toLowerCase() === login);
      return page(exchange, authorized, presentAuthorization);
    }),
  ];
}

function organizationOf({ world, params }: Exchange): Account {
  const organization = world.accounts.byLogin(params['org'] ?? '');
  if (organization?.type !== 'Organization') throw notFound();
  return organization;
}

/** GitHub Apps alone, and with this permission. */
function checkApp({ caller }: Exchange, organization: Account): void {
  if (caller.kind === 'anonymous') throw new GithubError(401, 'Requires authentication');
  const headers = { 'x-accepted-github-permissions': 'organization_personal_access_tokens=read' };
  const isHere = caller.kind === 'installation' && caller.token.installation.account.id === organization.id;
  if (isHere && covers(caller.token.permissions['organization_personal_access_tokens'], 'read')) return;
  const by =
    caller.kind === 'installation' || caller.kind === 'app' ? 'integration' : 'personal access token';
  throw new GithubError(403, `Resource not accessible by ${by}`, { headers });
}

/** An owner with read:org, where there is single sign-on. GitHub does not say with which status it refuses: it hides what one may not see. */
function checkOwner({ caller }: Exchange, organization: Account): void {
  if (caller.kind === 'anonymous') throw new GithubError(401, 'Requires authentication');
  const isOwner = caller.kind === 'classic' && organization.admins.has(caller.token.owner.id);
  const scopes = caller.kind === 'classic' ? caller.token.scopes : [];
  const mayRead = ['read:org', 'write:org', 'admin:org'].some((scope) => scopes.includes(scope));
  if (!organization.singleSignOn || !isOwner || !mayRead) throw notFound();
}

function presentGrant(world: World, token: FineGrainedToken): Record<string, unknown> {
  const { id, name, owner, createdAt, expiresAt, lastUsedAt, permissions, organizationPermissions } = token;
  return {
    id,
    owner: presentAccount(world, owner),
    repository_selection: token.repositories === undefined ? 'all' : 'subset',
    repositories_url: `${world.urls.api}/organizations/${token.resourceOwner.id}/personal-access-tokens/${id}/repositories`,
    permissions: { repository: { ...permissions, metadata: 'read' }, organization: organizationPermissions },
    access_granted_at: toTimestamp(createdAt),
    token_id: id,
    token_name: name,
    token_expired: expiresAt !== undefined && expiresAt <= world.now(),
    token_expires_at: expiresAt === undefined ? null : toTimestamp(expiresAt),
    token_last_used_at: lastUsedAt === undefined ? null : toTimestamp(lastUsedAt),
  };
}

function presentAuthorization(token: ClassicToken): Record<string, unknown> {
  const { owner, value, scopes, createdAt, lastUsedAt, expiresAt } = token;
  return {
    login: owner.login,
    credential_id: token.id,
    credential_type: token.form === 'oauth' ? 'OAuth app token' : 'personal access token',
    token_last_eight: value.slice(-8),
    credential_authorized_at: toTimestamp(createdAt),
    scopes,
    credential_accessed_at: lastUsedAt === undefined ? null : toTimestamp(lastUsedAt),
    authorized_credential_id: token.id,
    authorized_credential_note: 'promoter',
    authorized_credential_expires_at: expiresAt === undefined ? null : toTimestamp(expiresAt),
  };
}
