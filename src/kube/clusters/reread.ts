import { readFileSync } from 'node:fs';
import { CodedError, codeOf } from '../../base/error.ts';
import type { Ask } from '../transport/connection.ts';

/** How long what was read is used before the file is read again: the kubelet replaces tokens and authorities long before they end. */
const rereadMs = 60_000;

/**
 * What `make` makes of a file that others replace while we run, as the kubelet does with tokens and authorities: read again when it is a
 * minute old, and at once when asked for it fresh. The file is found by its path each time, so a link that was moved to another folder
 * is followed.
 *
 * Throws NotInCluster when it cannot be read, or is empty, at first. Later what was read before stays in use and `onTrouble` is told of
 * it, once until the file can be read again: a volume that is away for a moment stops no call.
 */
export function reread<T>(
  path: string,
  make: (text: string) => T,
  onTrouble: (trouble: CodedError) => void = () => {},
): (ask: Ask) => T {
  const first = read(path);
  if ('trouble' in first) throw first.trouble;
  let made = make(first.text);
  let at = performance.now();
  let isTold = false;
  return ({ fresh }) => {
    if (!fresh && performance.now() - at <= rereadMs) return made;
    at = performance.now();
    const now = read(path);
    if ('text' in now) made = make(now.text);
    else if (!isTold) onTrouble(now.trouble);
    isTold = 'trouble' in now;
    return made;
  };
}

function read(path: string): { readonly text: string } | { readonly trouble: CodedError } {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.trim() !== '') return { text };
    return { trouble: new CodedError('NotInCluster', `cannot use ${path}: it is empty`) };
  } catch (thrown) {
    return { trouble: new CodedError('NotInCluster', `cannot read ${path} (${codeOf(thrown)})`) };
  }
}
