/** What a marker beside a value says: whose value it is and which part of a revision it takes. */
export interface Marker {
  readonly namespace: string;
  readonly pipeline: string;
  readonly environment: string;
  readonly field: 'version' | 'digest';
}

const setter = '$promotion';
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const form = `{"${setter}": "namespace:pipeline:environment"}`;

/** Whether a text, or its bytes, may hold a marker at all; most files do not and need no parser. */
export function mayHoldMarker(text: string | Buffer): boolean {
  return text.includes(setter);
}

/** Whether a text may hold a marker that begins so. Cheap, and never wrong when it says no. */
export function mayHoldMarkerOf(
  text: string,
  { namespace, pipeline, environment }: Omit<Marker, 'field'>,
): boolean {
  if (!mayHoldMarker(text)) return false;
  // JSON may write any character as an escape.
  return (
    text.includes(`"${namespace}:${pipeline}:${environment}"`) || /"\$promotion"\s*:\s*"[^"\\]*\\/.test(text)
  );
}

/**
 * Reads a comment, with or without its `#`. `none`: it has nothing to do with markers. `malformed`: somebody meant a marker and
 * wrote something else; says what it should be. The form is Weave's, `{"$promotion": "namespace:pipeline:environment"}` and nothing
 * else in the comment. `"$field": "digest"` asks for the digest in place of the version; other keys may hold anything.
 */
export function parseMarker(comment: string): Marker | 'none' | { readonly malformed: string } {
  if (!mayHoldMarker(comment)) return 'none';
  const text = comment.replace(/^#+/, '').trim();
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return {
      malformed: `this is no marker: write ${form}, with double quotes and nothing else in the comment`,
    };
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read) || !Object.hasOwn(read, setter)) {
    return { malformed: `this is no marker: write ${form}` };
  }
  const { [setter]: named, $field: field = 'version' } = read as Record<string, unknown>; // an object, as has just been seen
  const parts = typeof named === 'string' ? named.split(':') : [];
  const [namespace = '', pipeline = '', environment = ''] = parts;
  if (parts.length !== 3 || !parts.every((part) => label.test(part))) {
    return {
      malformed: `this is no marker: write ${form}, each part a name of lower-case letters, digits and -`,
    };
  }
  if (field !== 'version' && field !== 'digest') {
    return { malformed: 'this marker names no field: make "$field" "version" or "digest"' };
  }
  return { namespace, pipeline, environment, field };
}

/** The comment to put behind a value. */
export function markerText({ namespace, pipeline, environment, field }: Marker): string {
  const part = field === 'version' ? '' : `, "$field": "${field}"`;
  return `# {"${setter}": "${namespace}:${pipeline}:${environment}"${part}}`;
}

export function isSameMarker(a: Marker, b: Marker): boolean {
  return markerText(a) === markerText(b);
}
