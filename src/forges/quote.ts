import { clean } from '../base/secret-shapes.ts';
import { sentence } from '../base/sentence.ts';

const maxQuotedBytes = 200;
/** More of a stranger's words is not even looked at. */
const maxReadCharacters = 4_000;
/** So many characters of a credential in a row are no accident. */
const telltaleCharacters = 8;

/**
 * A forge's own words, fit to stand in a message: one line of at most 200 bytes with no secret of ours in it, and nothing that looks
 * like a credential.
 * Words that repeat a piece of one of `secrets` are withheld as a whole, so empty is a possible answer.
 */
export function quote(words: string, secrets: readonly string[] = []): string {
  // One line first: an invisible character inside a token would hide it from what follows.
  const line = sentence(words.slice(0, maxReadCharacters), maxReadCharacters);
  if (secrets.some((secret) => overlaps(line, secret))) return '';
  return sentence(clean(line), maxQuotedBytes);
}

function overlaps(line: string, secret: string): boolean {
  for (let start = 0; start + telltaleCharacters <= secret.length; start += 1) {
    if (line.includes(secret.slice(start, start + telltaleCharacters))) return true;
  }
  return false;
}
