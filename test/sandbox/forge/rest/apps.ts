import { z } from 'zod';
import { toTimestamp } from '../../../../src/base/time.ts';
import { accountOf } from '../caller.ts';
import { type Exchange, bodyOf, cutPage, json, noContent } from '../exchange.ts';
import { installationReaches, type App } from '../credentials.ts';
import { GithubError, notFound } from '../github-error.ts';
import type { Level, Permissions } from '../permission-set.ts';
import { beyond } from '../permissions.ts';
import { moved } from '../redirect.ts';
import { type Route, route } from '../router.ts';
import { presentAccount, presentApp, presentInstallation, presentRepository } from './present.ts';

const level = z.enum(['read', 'write', 'admin']);
const narrowing = z.object({
  repositories: z.array(z.string()).optional(),
  repository_ids: z.array(z.number()).optional(),
  permissions: z.record(z.string(), level).optional(),
});

/** Apps, installations and their tokens; whose a person's token is. */
export function appRoutes(
  freshToken: () => { uses: number; ms: number; status: 401 | 404 } | undefined,
): Route[] {
  return [
    route('GET /app', 'app', (exchange) => {
      const app = appOf(exchange);
      const installed = exchange.world.credentials.installations(app).length;
      return json({ ...presentApp(exchange.world, app), installations_count: installed });
    }),
    route('GET /app/installations/{installation_id}', 'app', (exchange) =>
      json(presentInstallation(exchange.world, installationOf(exchange))),
    ),
    route('GET /repos/{owner}/{repo}/installation', 'app', (exchange) => {
      const { world, params } = exchange;
      const found = world.repositories.find(params['owner'] ?? '', params['repo'] ?? '');
      const installation = world.credentials
        .installations(appOf(exchange))
        .find((each) => found !== undefined && installationReaches(each, found.repository));
      if (!found || !installation) throw notFound();
      if (found.renamed) return moved(exchange, found.repository);
      return json(presentInstallation(world, installation));
    }),
    route('GET /orgs/{org}/installation', 'app', (exchange) =>
      installationAt(exchange, 'org', ['Organization']),
    ),
    // Of an organization GitHub is not known to answer here or not to.
    route('GET /users/{username}/installation', 'app', (exchange) =>
      installationAt(exchange, 'username', ['User']),
    ),
    route('POST /app/installations/{installation_id}/access_tokens', 'app', (exchange) =>
      mint(exchange, freshToken),
    ),
    route('DELETE /installation/token', 'installation', (exchange) => {
      if (exchange.caller.kind === 'installation') exchange.caller.token.revoked = true;
      return noContent;
    }),
    route('GET /installation/repositories', 'installation', (exchange) => {
      const { world, caller } = exchange;
      if (caller.kind !== 'installation') throw notFound();
      const reached = world.repositories.all().filter((each) => caller.token.reaches(each));
      const { shown, headers } = cutPage(exchange, reached);
      const body = {
        total_count: reached.length,
        repository_selection: caller.token.installation.repositories === undefined ? 'all' : 'selected',
        repositories: shown.map((each) => presentRepository(world, each)),
      };
      return { status: 200, json: body, headers };
    }),
    route('GET /users/{username}', 'anyone', ({ world, params }) => {
      const account = world.accounts.byLogin(params['username'] ?? '');
      if (!account) throw notFound();
      return json(presentPublicUser(world, account));
    }),
    route('GET /user', 'user', ({ world, caller }) => {
      const account = accountOf(caller);
      if (!account) throw notFound();
      return json(presentPublicUser(world, account));
    }),
  ];
}

function presentPublicUser(
  world: Exchange['world'],
  account: Parameters<typeof presentAccount>[1],
): Record<string, unknown> {
  return {
    ...presentAccount(world, account),
    name: account.name ?? null,
    company: null,
    blog: '',
    location: null,
    email: null,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: toTimestamp(account.createdAt),
    updated_at: toTimestamp(account.createdAt),
  };
}

function appOf({ caller }: Exchange): App {
  if (caller.kind !== 'app') throw new GithubError(401, 'A JSON web token could not be decoded');
  return caller.app;
}

function installationOf(exchange: Exchange) {
  const installation = exchange.world.credentials.installation(Number(exchange.params['installation_id']));
  if (installation?.app !== appOf(exchange)) throw notFound();
  return installation;
}

function installationAt(exchange: Exchange, param: string, types: readonly string[]) {
  const { world, params } = exchange;
  const account = world.accounts.byLogin(params[param] ?? '');
  const installation = world.credentials
    .installations(appOf(exchange))
    .find((each) => account !== undefined && types.includes(account.type) && each.account.id === account.id);
  if (!installation) throw notFound();
  return json(presentInstallation(world, installation));
}

function mint(
  exchange: Exchange,
  freshToken: () => { uses: number; ms: number; status: 401 | 404 } | undefined,
) {
  const { world } = exchange;
  const installation = installationOf(exchange);
  if (installation.suspendedAt) throw new GithubError(403, 'This installation has been suspended');
  const wanted = bodyOf(exchange, narrowing);
  const asked: Permissions = wanted.permissions ?? installation.permissions;
  if (beyond(installation.permissions, asked).length > 0) {
    throw new GithubError(422, 'The permissions requested are not granted to this installation.');
  }
  const names = wanted.repositories ?? [];
  const ids = wanted.repository_ids ?? [];
  const chosen = world.repositories
    .all()
    .filter(
      (each) =>
        each.owner.id === installation.account.id && (names.includes(each.name) || ids.includes(each.id)),
    );
  if (
    chosen.length < names.length + ids.length ||
    chosen.some((each) => !installationReaches(installation, each))
  ) {
    throw new GithubError(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    );
  }
  // GitHub takes an empty list for "all".
  const repositories = chosen.length === 0 ? undefined : new Set(chosen.map(({ id }) => id));
  const permissions: Record<string, Level> = { ...asked, metadata: 'read' };
  const token = world.credentials.mint({ installation, permissions, repositories, form: formOf(exchange) });
  const fault = freshToken();
  if (fault) token.unknown = { uses: fault.uses, untilMs: Date.now() + fault.ms, status: fault.status };
  return json(
    {
      token: token.value,
      expires_at: toTimestamp(token.expiresAt),
      permissions,
      repository_selection:
        repositories === undefined && installation.repositories === undefined ? 'all' : 'selected',
      ...(repositories === undefined
        ? {}
        : { repositories: chosen.map((each) => presentRepository(world, each)) }),
    },
    201,
  );
}

/** For a while GitHub lets a header of the request decide. */
function formOf({ world, headers }: Exchange): 'stateless' | 'opaque' {
  const wanted = headers['x-github-stateless-s2s-token'];
  if (wanted === 'enabled') return 'stateless';
  return wanted === 'disabled' ? 'opaque' : world.profile.installationTokens;
}
