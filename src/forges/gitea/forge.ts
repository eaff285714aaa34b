import { foreignOf } from '../foreign-token.ts';
import type { Provider } from '../provider.ts';
import { probeOnly } from '../probe-only.ts';
import { describeToken } from './describe-token.ts';
import { neededScopes } from './scope.ts';

/** Gitea and Forgejo. */
export const gitea: Provider = probeOnly('Gitea or Forgejo', {
  describeToken,
  permissions: { read: ['read:repository', 'read:user'], write: neededScopes },
  looksForeign: foreignOf('GitHub', 'GitLab'),
});
