/** GraphQL's global ids: a prefix for the type, as GitHub has them, and what finds the thing again. Opaque to clients. */
export function nodeId(prefix: string, ...parts: readonly (string | number)[]): string {
  return `${prefix}_${Buffer.from(parts.join('\n')).toString('base64url')}`;
}
