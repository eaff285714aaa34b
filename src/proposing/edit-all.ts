import type { Reason } from '../api/reasons.ts';
import type { NewCommit } from '../forges/forge.ts';
import { edit } from '../manifests/edit.ts';
import { markerText } from '../manifests/marker.ts';
import { scan, type Warning } from '../manifests/scan.ts';
import type { MarkedFile } from './marker-index.ts';
import type { Place } from './place.ts';
import type { Change, Promotion } from './proposal.ts';
import { refused, type Refused } from './refused.ts';

interface Edits {
  readonly files: NewCommit['files'];
  readonly changes: readonly Change[];
  /** Of comments that look like markers and mark nothing. */
  readonly warnings: readonly Warning[];
}

const refusals = {
  NotYaml: 'FileNotYaml',
  TooLarge: 'FileNotYaml',
  TooDeep: 'FileNotYaml',
  MarkersConflict: 'MarkersConflict',
  MarkerNotScalar: 'MarkerNotScalar',
  EditNotExact: 'EditRefused',
} as const satisfies Record<string, Reason>;

/** Every marked value of the environment set to the revision: all of them, or why not. Writes nothing. */
export function editAll(files: readonly MarkedFile[], promotion: Promotion, place: Place): Edits | Refused {
  const { revision, namespace, pipeline, environment } = promotion;
  const name = `${namespace}:${pipeline}:${environment}`;
  const edited: NewCommit['files'][number][] = [];
  const changes: Change[] = [];
  const warnings: Warning[] = [];
  let marked = 0;
  let carriesDigest = false;
  for (const file of files) {
    const result = edit(file, promotion, {
      version: revision.version,
      ...(revision.digest === undefined ? {} : { digest: revision.digest }),
    });
    switch (result.kind) {
      case 'unmarked':
        if (file.text.includes(name)) warnings.push(...scan(file).warnings);
        break;
      case 'refused': {
        const line = result.line === undefined ? '' : `:${result.line}`;
        return refused(refusals[result.code], `${file.path}${line}: ${result.message}`);
      }
      case 'unchanged':
        marked += 1;
        warnings.push(...result.warnings);
        carriesDigest ||= result.fields.includes('digest');
        break;
      case 'changed':
        marked += 1;
        warnings.push(...result.warnings);
        edited.push({ path: file.path, text: result.text, executable: file.executable ?? false });
        changes.push(...result.edits.map(({ line, from, to }) => ({ path: file.path, line, from, to })));
        break;
      default:
        return result satisfies never;
    }
  }
  if (marked === 0) return refused('MarkerNotFound', whyNoMarker(files, promotion, place));
  if (changes.length === 0) {
    // The same version with another content: merging nothing would change nothing.
    if (!carriesDigest && revision.digest !== undefined && promotion.running?.version === revision.version) {
      return refused(
        'DigestNotCarried',
        `${promotion.environment} runs ${revision.version} with another digest, and no marker carries one; add one with "$field": "digest"`,
      );
    }
    return refused(
      'AlreadyInGit',
      `${place.baseBranch} of ${place.repository} already has ${revision.version} for ${promotion.environment}`,
    );
  }
  return { files: edited, changes, warnings };
}

function whyNoMarker(files: readonly MarkedFile[], promotion: Promotion, place: Place): string {
  const where =
    place.paths.length === 0 ? place.repository : `${place.paths.join(', ')} in ${place.repository}`;
  const wanted = `no ${markerText({ ...promotion, field: 'version' })} in ${where}`;
  for (const file of files) {
    const [warning] = scan(file).warnings;
    if (warning !== undefined) return `${wanted}; ${file.path}:${warning.line}: ${warning.message}`;
  }
  return `${wanted}; put it behind the version`;
}
