import type { Credential } from '../api/credential.ts';
import type { Repository } from '../forges/forge.ts';
import type { ListedForge } from './listed-forge.ts';
import { CredentialProblem } from './problem.ts';

/** The forge of a host; HostNotAllowed unless the operator lists it. */
export function listedForge(forges: ReadonlyMap<string, ListedForge>, host: string): ListedForge {
  const forge = forges.get(host);
  if (forge !== undefined) return forge;
  const known = [...forges.keys()].join(', ');
  throw new CredentialProblem(
    'HostNotAllowed',
    `${host} is not on the operator's list of forges (${known}); ask the operator to add it, or correct url and host`,
  );
}

/** The forge on which a Credential may be used for a repository: the operator's word and the Credential's; else HostNotAllowed or RepositoryNotAllowed. */
export function allowedForge(
  forges: ReadonlyMap<string, ListedForge>,
  { metadata, spec }: Credential,
  { host, repository }: { readonly host: string; readonly repository: Repository },
): ListedForge {
  const forge = listedForge(forges, host);
  if (spec.host !== host) {
    throw new CredentialProblem(
      'HostNotAllowed',
      `Credential ${metadata.name} is for ${spec.host}, not ${host}; correct its host, or url`,
    );
  }
  const wanted = `${repository.owner}/${repository.name}`;
  if (!spec.repositories.some((each) => each.toLowerCase() === wanted.toLowerCase())) {
    throw new CredentialProblem(
      'RepositoryNotAllowed',
      `Credential ${metadata.name} is not for ${wanted}; add it to its repositories or correct url`,
    );
  }
  return forge;
}
