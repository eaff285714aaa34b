import { ForgeError } from './errors.ts';
import type { ProviderName } from './connection.ts';
import type { Repository } from './forge.ts';
import type { Provider } from './provider.ts';
import { gitea } from './gitea/forge.ts';
import { github } from './github/forge.ts';
import { gitlab } from './gitlab/forge.ts';

/** How each kind of forge is spoken to. */
export const providers = { github, gitlab, gitea } satisfies Record<ProviderName, Provider>;

/**
 * `https://host/owner/name`, in lower case up to the owner, with or without `.git` and a slash at its end. The host keeps its port.
 * Rejects everything else with NotFound: other schemes, credentials, queries, and paths of another length.
 */
export function parseRepositoryUrl(url: string): {
  readonly host: string;
  readonly repository: Repository;
} {
  const [, host, owner, name] =
    /^https:\/\/([a-z0-9.-]+(?::[0-9]{1,5})?)\/([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/i.exec(url) ?? [];
  if (host === undefined || !isName(owner) || !isName(name)) {
    throw new ForgeError(
      'NotFound',
      'url is not the address of a repository; write it as https://host/owner/name',
    );
  }
  return { host: host.toLowerCase(), repository: { owner, name } };
}

function isName(part: string | undefined): part is string {
  return part !== undefined && part !== '.git' && !/^\.*$/.test(part);
}
