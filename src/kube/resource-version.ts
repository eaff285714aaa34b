/**
 * Whether a resourceVersion is older than another of the same kind, or of an object of it. They are decimal numbers that grow (KEP-5504); of
 * what is not one nothing is said.
 */
export function isOlder(version: string, than: string): boolean {
  if (!number.test(version) || !number.test(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}

/** Without leading zeros, so that more digits are a larger number. */
const number = /^(0|[1-9][0-9]*)$/;
