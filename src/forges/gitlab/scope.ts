import { z } from 'zod';
import type { ScopeFacts, TokenFacts } from '../identity.ts';

/** The only classic scope that can commit and open merge requests. */
const needed = 'api';

/** What `api` may do by itself ("Personal access token scopes"): no surplus beside it. */
const withinApi: ReadonlySet<string> = new Set([
  needed,
  'read_api',
  'read_user',
  'read_repository',
  'write_repository',
  'read_registry',
  'write_registry',
  'read_virtual_registry',
  'write_virtual_registry',
  'self_rotate',
]);

/** What classic scopes, OAuth's too, are against what a promotion needs. */
export function scopeOf(kind: TokenFacts['kind'], granted: readonly string[]): ScopeFacts {
  const beyond = granted.filter((each) => !withinApi.has(each));
  if (!granted.includes(needed)) {
    return {
      verdict: 'Insufficient',
      granted,
      surplus: beyond,
      lacking: [needed],
      message:
        'it lacks api, the only classic scope that can commit and open merge requests; make one with it',
    };
  }
  const reach = reachOf(kind);
  const surplus = reach.isNarrow ? beyond : [needed, ...beyond];
  return {
    verdict: surplus.length === 0 ? 'Least' : 'Broad',
    granted,
    surplus,
    lacking: [],
    message: beyond.length === 0 ? reach.message : `${reach.message}; make one without ${beyond.join(', ')}`,
  };
}

/** GitLab has no narrower classic scope than `api`: what a token opens is up to whose it is. */
function reachOf(kind: TokenFacts['kind']): { readonly isNarrow: boolean; readonly message: string } {
  const why = 'api is the only classic scope that can commit and open merge requests';
  if (kind === 'ProjectToken') {
    return { isNarrow: true, message: `${why}; a project access token opens one project` };
  }
  if (kind === 'ServiceAccountToken') {
    const reach = 'each project that the service account is a member of: make it one of few';
    return { isNarrow: true, message: `${why}; it opens ${reach}` };
  }
  const reach =
    kind === 'GroupToken'
      ? "every project of the group: use a project's"
      : 'every project that its owner can reach: use a project access token';
  return { isNarrow: false, message: `${why}; here it opens ${reach}` };
}

const granularScopes = z.array(
  z.object({
    access: z.string().nullish(),
    permissions: z.array(z.string()).nullish(),
    project_id: z.int().nullish(),
    group_id: z.int().nullish(),
  }),
);

/**
 * A fine-grained token's permissions with what each is for. Which of them a promotion takes is not judged: GitLab's page does not
 * name them for single calls.
 */
export function granularScope(read: unknown): ScopeFacts {
  const granted = (granularScopes.safeParse(read).data ?? []).flatMap(
    ({ access, permissions, project_id: project, group_id: group }) => {
      const where =
        typeof project === 'number'
          ? `project ${project}`
          : typeof group === 'number'
            ? `group ${group}`
            : (access ?? 'unknown');
      return (permissions ?? []).map((each) => `${each} (${where})`);
    },
  );
  return unknownScope(
    'a fine-grained token: its permissions are shown as GitLab names them, and are not judged',
    granted,
  );
}

export function unknownScope(message: string, granted: readonly string[] = []): ScopeFacts {
  return { verdict: 'Unknown', granted, surplus: [], lacking: [], message };
}
