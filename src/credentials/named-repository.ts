import type { Repository } from '../forges/forge.ts';

/** @param path `owner/name`; groups in groups belong to the owner */
export function repositoryOf(path: string): Repository {
  const cut = path.lastIndexOf('/');
  return { owner: path.slice(0, cut), name: path.slice(cut + 1) };
}
