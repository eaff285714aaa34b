import { foreignOf } from '../foreign-token.ts';
import type { Provider } from '../provider.ts';
import { probeOnly } from '../probe-only.ts';
import { describeToken } from './describe-token.ts';

/** gitlab.com, Dedicated and Self-Managed. */
export const gitlab: Provider = probeOnly('GitLab', {
  describeToken,
  permissions: { read: ['read_api'], write: ['api'] },
  looksForeign: foreignOf('GitHub'),
});
