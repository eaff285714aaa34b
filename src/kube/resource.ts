import { KubeError } from './errors.ts';

/** A kind as the API server serves it. */
export interface Resource {
  /** '' for core. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/**
 * The path of a collection, or of one object in it, or of its subresource.
 * Throws Invalid for a name that would lead to another path: an empty one would mean the whole collection.
 */
export function pathOf(
  { group, version, plural }: Resource,
  at: { readonly namespace?: string; readonly name?: string; readonly subresource?: string } = {},
): string {
  const parts = [group === '' ? 'api' : `apis/${group}`, version];
  if (at.namespace !== undefined && at.namespace !== '') parts.push('namespaces', segment(at.namespace));
  parts.push(plural);
  if (at.name !== undefined) parts.push(segment(at.name));
  if (at.subresource !== undefined) parts.push(at.subresource);
  return `/${parts.join('/')}`;
}

function segment(name: string): string {
  // URLs take dots for steps, however they are written.
  if (/^\.{0,2}$/.test(name))
    throw new KubeError('Invalid', `${JSON.stringify(name)} is not the name of an object`);
  return encodeURIComponent(name);
}
