import type { Answer, Exchange } from './exchange.ts';
import { byId } from './repository-address.ts';
import type { Repository } from './repository.ts';

/** What GitHub answers to a repository's former name: where it is by its id. */
export function moved({ world, method, url }: Exchange, repository: Repository): Answer {
  const location = `${world.urls.api}${byId(url, repository)}`;
  // GitHub keeps the method only with 307, whatever the words.
  return {
    status: method === 'GET' ? 301 : 307,
    headers: { location },
    json: {
      message: 'Moved Permanently',
      url: location,
      documentation_url:
        'https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects',
    },
  };
}
