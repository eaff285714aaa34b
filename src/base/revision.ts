import { createHash } from 'node:crypto';

/** What runs or could run. Candidates, soaks, approvals and "reached" compare keys; only display and edits use the parts. */
export interface Revision {
  /** As people say it and as it is written into manifests. */
  readonly version: string;
  /** Of the content, as `sha256:<hex>`, where the source gives one. */
  readonly digest?: string;
  /** Equal exactly when version and digest are. 16 hex digits: fits labels, names and branches. */
  readonly key: string;
}

/**
 * A revision with its key: the first 64 bits of SHA-256 over version and digest, so a tag that is pushed again is a new key.
 * The key is stored in statuses, so how it is made may not change. Takes the parts as they are; whether they may stand in a
 * branch or a manifest is for the border to say.
 */
export function revisionOf({ version, digest }: { version: string; digest?: string | undefined }): Revision {
  const canonical = JSON.stringify([version, digest ?? null]);
  const key = createHash('sha256').update(canonical).digest('hex').slice(0, 16);
  return digest === undefined ? { version, key } : { version, digest, key };
}

/** Statuses have room for so many; a chart version, an image tag and a git hash are shorter. */
const longestVersion = 128;

/**
 * Why a version may not go into manifests, messages and trailers, as a sentence; undefined when it may. Letters, digits and
 * `. _ + : @ / -`, at most 128 characters, beginning with a letter or digit; no `..` or `//`, and no `.`, `/` or `.lock` at the end, which
 * git refuses in names. So no line break, quote, markup or comment can hide in one. `@` may stand in it, as in Flux's
 * `main@sha1:…`: messages have to show a version as code.
 */
export function whyNotRevision(version: string): string | undefined {
  if (version === '') return 'the version is empty';
  if (version.length > longestVersion) return `the version is longer than ${longestVersion} characters`;
  const strange = /[^A-Za-z0-9._+:@/-]/u.exec(version)?.[0];
  if (strange !== undefined)
    return `the version holds ${nameOf(strange)}; use letters, digits and . _ + : @ / -`;
  if (!/^[A-Za-z0-9]/.test(version)) return 'the version must begin with a letter or digit';
  const inside = /\.\.|\/\//.exec(version)?.[0];
  if (inside !== undefined) return `the version may not hold ${inside}`;
  const ending = /\.lock$|[./]$/.exec(version)?.[0];
  return ending === undefined ? undefined : `the version may not end with ${ending}`;
}

function nameOf(character: string): string {
  const visible = /[\x21-\x7e]/.test(character);
  return visible
    ? character
    : `the character U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0') ?? ''}`;
}
