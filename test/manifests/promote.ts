import { edit, type Edited } from '../../src/manifests/edit.ts';
import { scan } from '../../src/manifests/scan.ts';

export const target = { namespace: 'apps', pipeline: 'podinfo', environment: 'prod' };
export const path = 'apps/podinfo/prod.yaml';
export const json = '{"$promotion": "apps:podinfo:prod"}';
/** The marker of `target`, as users write it. */
export const marker = `# ${json}`;
export const digestMarker = '# {"$promotion": "apps:podinfo:prod", "$field": "digest"}';
export const foreignMarker = '# {"$promotion": "apps:frontend:prod"}';

/** A file with the target's values set to 6.1.0, or as told. */
export function promote(text: string, values: { version?: string; digest?: string } = {}): Edited {
  return edit({ path, text }, target, { version: '6.1.0', ...values });
}

/** The text after the edit; of one that changed nothing or was refused, its kind. */
export function promoted(text: string, version?: string): string {
  const result = promote(text, version === undefined ? {} : { version });
  return result.kind === 'changed' ? result.text : result.kind;
}

/** The warnings of a file as users read them. */
export function warningsOf(text: string): string[] {
  return scan({ path, text }).warnings.map(
    (warning) => `${warning.path}:${warning.line}: ${warning.message}`,
  );
}
