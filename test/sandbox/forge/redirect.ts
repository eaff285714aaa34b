import type { Answer, Exchange } from './exchange.ts';
import { fullNameOf } from './repositories.ts';
import type { Repository } from './repository.ts';
import type { World } from './world.ts';

/** What GitHub answers to a repository's former name: where it is by its id. */
export function moved({ world, method, url }: Exchange, repository: Repository): Answer {
  const [path = '', query] = url.split('?');
  const rest = path.split('/').slice(4);
  const location = [
    [`${world.urls.api}/repositories/${repository.id}`, ...rest].join('/'),
    ...(query === undefined ? [] : [query]),
  ].join('?');
  // GitHub keeps the method only with 307.
  const status = method === 'GET' ? 301 : 307;
  return {
    status,
    headers: { location },
    json: {
      message: status === 301 ? 'Moved Permanently' : 'Temporary Redirect',
      url: location,
      documentation_url:
        'https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects',
    },
  };
}

/** `/repositories/7/pulls`, where redirects lead, is another way to write `/repos/acme/fleet/pulls`. */
export function nameOfId(world: World, path: string): string {
  const [, id, rest = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(path) ?? [];
  const repository = id === undefined ? undefined : world.repositories.byId(Number(id));
  return repository ? `/repos/${fullNameOf(repository)}${rest}` : path;
}
