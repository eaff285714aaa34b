import { fullNameOf } from './repositories.ts';
import type { Repository } from './repository.ts';
import type { World } from './world.ts';

/** `/repos/acme/fleet/pulls?page=2` as `/repositories/7/pulls?page=2`; what is not below that repository stays. */
export function byId(url: string, repository: Repository): string {
  return url.replace(/^\/repos\/[^/?]+\/[^/?]+/, `/repositories/${repository.id}`);
}

/** `/repositories/7/pulls`, where redirects lead, is another way to write `/repos/acme/fleet/pulls`, as GitHub reads it. */
export function nameOfId(world: World, path: string): string {
  const [, id, rest = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(path) ?? [];
  const repository = id === undefined ? undefined : world.repositories.byId(Number(id));
  return repository ? `/repos/${fullNameOf(repository)}${rest}` : path;
}
