import type { IncomingMessage } from 'node:http';
import { GithubError } from './github-error.ts';

const apiVersions = ['2022-11-28', '2026-03-10'];

/** The version of the API that a request asks for, or GitHub's 400 for one that there is not. */
export function versionOf(request: IncomingMessage): string {
  const asked = request.headers['x-github-api-version'];
  if (asked === undefined) return '2022-11-28';
  if (typeof asked === 'string' && apiVersions.includes(asked)) return asked;
  throw new GithubError(400, `"${String(asked)}" is not a supported version.`);
}

/** What GitHub took out of its answers with version 2026-03-10. */
const removedKeys = new Set([
  'merge_commit_sha',
  'assignee',
  'has_downloads',
  'use_squash_pr_title_as_default',
]);

/** The answer as this version has it. */
export function forVersion(json: unknown, template: string, apiVersion: string): unknown {
  if (apiVersion < '2026-03-10' || template.includes('/git/') || template.includes('/contents/')) return json;
  const drop = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(drop);
    if (typeof value !== 'object' || value === null || value instanceof Date) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, inner]) => (removedKeys.has(key) ? [] : [[key, drop(inner)]])),
    );
  };
  return drop(json);
}
