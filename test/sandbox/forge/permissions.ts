import type { Account } from './accounts.ts';
import type { Caller } from './caller.ts';
import { GithubError, notFound } from './github-error.ts';
import type { Level, Permissions } from './permission-set.ts';
import type { Repository, Role } from './repository.ts';

const ranks: Record<Level, number> = { read: 1, write: 2, admin: 3 };

const roleLevels: Record<Role, Level> = {
  read: 'read',
  triage: 'read',
  write: 'write',
  maintain: 'write',
  admin: 'admin',
};

/** What everybody may read of a public repository. */
const publicReads = new Set(['metadata', 'contents', 'pull_requests', 'issues', 'statuses', 'checks']);

export function covers(granted: Level | undefined, asked: Level): boolean {
  return granted !== undefined && ranks[granted] >= ranks[asked];
}

/** The part of `asked` that `granted` does not have. */
export function beyond(granted: Permissions, asked: Permissions): string[] {
  return Object.entries(asked)
    .filter(([name, level]) => name !== 'metadata' && !covers(granted[name], level))
    .map(([name]) => name);
}

/** Undefined: the account may not even read. */
export function roleOf(account: Account, repository: Repository): Role | undefined {
  const { owner } = repository;
  if (owner.id === account.id || owner.admins.has(account.id)) return 'admin';
  const role = repository.collaborators.get(account.id);
  if (role) return role;
  return owner.members.has(account.id) || !repository.isPrivate ? 'read' : undefined;
}

/** Whether the repository exists for this caller at all. */
export function canSee(caller: Caller, repository: Repository): boolean {
  return !repository.isPrivate || levelOf(caller, repository, 'metadata') !== undefined;
}

/** The caller's level of one permission on one repository. */
export function levelOf(caller: Caller, repository: Repository, permission: string): Level | undefined {
  const open = !repository.isPrivate && publicReads.has(permission) ? 'read' : undefined;
  switch (caller.kind) {
    case 'anonymous':
    case 'app':
      return open;
    case 'installation': {
      const { token } = caller;
      if (!token.reaches(repository)) return open;
      return permission === 'metadata' ? 'read' : (token.permissions[permission] ?? open);
    }
    case 'fineGrained': {
      const { token } = caller;
      const role = roleOf(token.owner, repository);
      if (!role || !token.reaches(repository)) return open;
      if (permission === 'metadata') return 'read';
      return lower(token.permissions[permission], roleLevels[role]) ?? open;
    }
    case 'appUser': {
      const { token } = caller;
      const role = roleOf(token.owner, repository);
      const granted = token.permissionsOn(repository);
      if (!role || !granted) return open;
      return permission === 'metadata' ? 'read' : (lower(granted[permission], roleLevels[role]) ?? open);
    }
    case 'classic': {
      const { token } = caller;
      const scoped =
        token.scopes.includes('repo') || (!repository.isPrivate && token.scopes.includes('public_repo'));
      const role = roleOf(token.owner, repository);
      return role && scoped ? roleLevels[role] : open;
    }
    default:
      return caller satisfies never;
  }
}

function lower(a: Level | undefined, b: Level): Level | undefined {
  if (a === undefined) return undefined;
  return ranks[a] < ranks[b] ? a : b;
}

/** Any one of these, each in full. */
export type Alternatives = readonly Permissions[];

/** `contents=write` or `issues=write; pull_requests=write`, as the `x-accepted-github-permissions` header has it. */
export function acceptedHeader(alternatives: Alternatives): string {
  return alternatives
    .map((permissions) =>
      Object.entries(permissions)
        .map(([name, level]) => `${name}=${level}`)
        .join(','),
    )
    .join('; ');
}

/** Throws GitHub's refusal when the caller has none of the alternatives. */
export function checkPermissions(caller: Caller, repository: Repository, alternatives: Alternatives): void {
  if (!canSee(caller, repository)) throw notFound();
  const granted = alternatives.some((permissions) =>
    Object.entries(permissions).every(([name, level]) => covers(levelOf(caller, repository, name), level)),
  );
  if (!granted) throw refusal(caller, alternatives);
  const writes = alternatives.some((permissions) =>
    Object.values(permissions).some((level) => level !== 'read'),
  );
  if (writes && repository.archived) {
    throw new GithubError(403, 'Repository was archived so is read-only.');
  }
}

function refusal(caller: Caller, alternatives: Alternatives): GithubError {
  const headers = { 'x-accepted-github-permissions': acceptedHeader(alternatives) };
  switch (caller.kind) {
    case 'anonymous':
      return new GithubError(401, 'Requires authentication');
    case 'app':
    case 'appUser':
    case 'installation':
      return new GithubError(403, 'Resource not accessible by integration', { headers });
    case 'fineGrained':
      return new GithubError(403, 'Resource not accessible by personal access token', { headers });
    case 'classic':
      // GitHub does not tell a reader that there is something to write.
      return notFound();
    default:
      return caller satisfies never;
  }
}
