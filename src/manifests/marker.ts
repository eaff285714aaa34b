/** What a marker beside a value says: whose value it is and which part of a revision it takes. */
export interface Marker {
  readonly namespace: string;
  readonly pipeline: string;
  readonly environment: string;
  readonly field: 'version' | 'digest';
}

const setter = '$promotion';
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Whether a text may hold a marker at all; most files do not and need no parser. */
export function mayHoldMarker(text: string): boolean {
  return text.includes(setter);
}

/**
 * Reads a comment, with or without its `#`. `none`: it has nothing to do with markers. `malformed`: somebody meant a marker.
 * The form is Weave's, `{"$promotion": "namespace:pipeline:environment"}` and nothing else in the comment; other keys are allowed.
 */
export function parseMarker(comment: string): Marker | 'none' | { readonly malformed: string } {
  if (!mayHoldMarker(comment)) return 'none';
  const text = comment.replace(/^#+/, '').trim();
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return { malformed: 'a marker is one JSON object and nothing else in the comment' };
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    return { malformed: 'a marker is a JSON object' };
  const named: unknown = Reflect.get(read, setter);
  if (typeof named !== 'string') return { malformed: `${setter} must be "namespace:pipeline:environment"` };
  const parts = named.split(':');
  const [namespace = '', pipeline = '', environment = ''] = parts;
  if (parts.length !== 3 || !parts.every((part) => label.test(part))) {
    return { malformed: `${setter} must be "namespace:pipeline:environment", each a DNS label` };
  }
  const field: unknown = Reflect.get(read, '$field') ?? 'version';
  if (field !== 'version' && field !== 'digest') return { malformed: '$field must be "version" or "digest"' };
  return { namespace, pipeline, environment, field };
}

/** The comment to put behind a value. */
export function markerText({ namespace, pipeline, environment, field }: Marker): string {
  const part = field === 'version' ? '' : `, "$field": "${field}"`;
  return `# {"${setter}": "${namespace}:${pipeline}:${environment}"${part}}`;
}

export function isSameMarker(a: Marker, b: Marker): boolean {
  return (
    a.namespace === b.namespace &&
    a.pipeline === b.pipeline &&
    a.environment === b.environment &&
    a.field === b.field
  );
}
