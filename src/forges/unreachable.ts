import { codeOf } from '../base/error.ts';
import { ForgeError } from './errors.ts';

const untrusted = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_|HOSTNAME_MISMATCH)/;

/** Something that broke between us and an answer. Its own words are not repeated: they may quote what was sent. */
export function unreachable(
  thrown: unknown,
  { host, doing }: { readonly host: string; readonly doing: string },
): ForgeError {
  const code = codeOf(thrown);
  const why = untrusted.test(code)
    ? `has a certificate that is not trusted (${code}); give the authority that signed it as the forge's caFile`
    : `cannot be reached to ${doing} (${code}); it is tried again: check the network and the forge's apiURL`;
  return new ForgeError('Unavailable', `${host} ${why}`);
}
