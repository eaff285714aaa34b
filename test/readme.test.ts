import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { credential } from '../src/api/credential.ts';
import { pipelineStatus } from '../src/api/pipeline-status.ts';
import { isReason } from '../src/api/reasons.ts';

const root = new URL('../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

function statusOf(command: string): { conditions: { reason: string }[] } {
  const [, yaml = ''] = new RegExp(`\`\`\`yaml\\n# ${command}[^\\n]*\\n(.*?)\`\`\``, 's').exec(readme) ?? [];
  return (parse(yaml) as { status: { conditions: { reason: string }[] } }).status; // the schemas below judge it
}

describe('the README', () => {
  test('shows statuses as the API has them, with reasons of the list', () => {
    const shown = statusOf('kubectl get credential');
    expect(credential.shape.status.parse(shown)).toEqual(shown);
    const pipeline = statusOf('kubectl get pipeline');
    expect(pipelineStatus.parse(pipeline)).toEqual(pipeline);
    for (const { reason } of [...shown.conditions, ...pipeline.conditions])
      expect(isReason(reason)).toBe(true);
  });

  test('links to nothing that is not there', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((path) => !existsSync(fileURLToPath(new URL(path, root))))).toEqual([]);
  });
});
