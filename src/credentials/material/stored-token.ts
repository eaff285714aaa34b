import { Secret } from '../../base/secret.ts';
import type { ListedForge } from '../listed-forge.ts';
import { CredentialProblem } from '../problem.ts';
import { looksLikeApp } from './stored-app.ts';
import { malformed, valuesOf, type Field, type NamedSecret } from './stored-value.ts';

/** Our own key, that of Git clients and Weave GitOps (beside a `username`, which forges do not need), and that of Flux. */
const field: Field = { keys: ['token', 'password', 'bearerToken'], maxBytes: 2_048 };

/** The token of a Secret, under the first of these keys that it has. Missing or Malformed, never saying what a key holds. */
export function readToken(secret: NamedSecret, { connection, provider }: ListedForge): Secret {
  const [found] = valuesOf(secret, field);
  if (found === undefined) {
    const next = looksLikeApp(secret) ? "it holds an App's key: name it under githubApp" : 'add it';
    throw new CredentialProblem(
      'Missing',
      `Secret ${secret.where} has no key ${field.keys.join(', nor ')}; ${next}`,
    );
  }
  const { key, text } = found;
  const foreign = provider.looksForeign?.(text);
  if (foreign !== undefined) {
    const { host } = connection.endpoint;
    throw malformed(secret, key, `holds ${foreign}, and not a token of ${host}; replace it`);
  }
  if (!/^[\x21-\x7e]{8,}$/.test(text)) {
    const why = 'is not a token: it holds spaces or control characters, or is too short; replace it';
    throw malformed(secret, key, why);
  }
  return new Secret(text);
}
