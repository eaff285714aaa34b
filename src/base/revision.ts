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
