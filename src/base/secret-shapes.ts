import { redact } from './redaction.ts';

// Tokens of GitHub (the 520-character form holds dots) and GitLab, JWTs, PEM blocks, bearer headers, credentials in URLs.
const secretShapes =
  /gh[a-z]_[A-Za-z0-9._-]{16,}|github_pat_[A-Za-z0-9_]{16,}|gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9._-]{16,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*|-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|$)|(?<=[Bb]earer )[A-Za-z0-9._~+/=-]{8,}|(?<=\/\/)[^/@\s"]+(?=@)/gs;

/** `text` without the secrets that are known, and without what looks like one: for what nobody compares or takes apart again. */
export function clean(text: string): string {
  return redact(text.replace(secretShapes, '[redacted]'));
}
