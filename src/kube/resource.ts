/** A kind as the API server serves it. */
export interface Resource {
  /** '' for core. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** The path of a collection, or of one object in it, or of its subresource. */
export function pathOf(
  { group, version, plural }: Resource,
  at: { readonly namespace?: string; readonly name?: string; readonly subresource?: string } = {},
): string {
  const parts = [group === '' ? 'api' : `apis/${group}`, version];
  if (at.namespace !== undefined && at.namespace !== '')
    parts.push('namespaces', encodeURIComponent(at.namespace));
  parts.push(plural);
  if (at.name !== undefined) parts.push(encodeURIComponent(at.name));
  if (at.subresource !== undefined) parts.push(at.subresource);
  return `/${parts.join('/')}`;
}
