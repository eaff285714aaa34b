import { maxAccessPaths, type CredentialAccess } from '../api/credential.ts';
import { sentence } from '../base/sentence.ts';
import type { AccessReport } from './report.ts';
import { accountsNamespaceOf } from './subjects.ts';

/** Of which Credential a report is, and who is to read its Secret. */
export interface Audited {
  readonly namespace: string;
  readonly name: string;
  readonly secret: string;
  readonly controller: { readonly namespace: string; readonly name: string };
}

const mostBaseline = 16;
const subjectBytes = 256;
const viaBytes = 512;

/** What is known beside a report. */
export interface Beside {
  /** Why the report cannot be believed, as a sentence. */
  readonly doubt?: string | undefined;
  /** Whether the operator trusts other authorizers of the API server than RBAC. */
  readonly trustsAuthorizers?: boolean;
}

/** First of the baseline, so that it is not cut off. */
const trustedAuthorizers =
  'Trusted by the operator: other authorizers of the API server than RBAC, and whom they let in';

/** What status says of a report, but for the time. */
export type Answer = Omit<CredentialAccess, 'checkedTime'>;

/**
 * A report as status shows it, to everybody who may read the Credential: what is of other namespaces is counted and not named, and
 * lists are cut. Equal input gives equal output.
 */
export function accessStatusOf(
  report: AccessReport,
  of: Audited,
  { doubt, trustsAuthorizers = false }: Beside = {},
): Answer {
  const named = report.others.filter((each) => !isElsewhere(each, of));
  const elsewhere = report.others.length - named.length;
  // The shortest way comes first in a report.
  const paths = named.slice(0, maxAccessPaths).map((each) => ({
    subject: sentence(each.subject, subjectBytes),
    class: each.class,
    via: sentence(viaOf(each.path, of), viaBytes),
  }));
  return {
    verdict: doubt === undefined ? report.verdict : 'Unknown',
    secret: of.secret,
    message: sentence(
      doubt === undefined
        ? messageOf(report, { ...of, elsewhere, trustsSome: trustsAuthorizers || report.trusted.length > 0 })
        : withoutElsewhere(doubt, of),
    ),
    others: report.others.length,
    elsewhere,
    paths,
    baseline: baselineOf([...(trustsAuthorizers ? [trustedAuthorizers] : []), ...report.baseline]),
  };
}

function isElsewhere({ kind, name, namespace }: AccessReport['others'][number], of: Audited): boolean {
  if (kind === 'ServiceAccount') return namespace !== of.namespace;
  const members = accountsNamespaceOf({ kind, name });
  return members !== undefined && members !== '' && members !== of.namespace;
}

/** Words that may name the service accounts of another namespace as a group. */
function withoutGroups(words: string, { namespace }: Pick<Audited, 'namespace'>): string {
  return words.replaceAll(/Group system:serviceaccounts:([a-z0-9-]+)/g, (whole, where: string) =>
    where === namespace ? whole : 'the service accounts of another namespace',
  );
}

/** Users and groups are of no namespace, and their names may have slashes. */
const ofNamespace = /^(?:ServiceAccount|Role|RoleBinding) ([^/ ]+)\/(.+)$/;

/** The steps of a way without names of other namespaces: of those whoever reads this may know nothing. */
function viaOf(path: readonly string[], of: Audited): string {
  const { namespace, controller } = of;
  let isElsewhere = false;
  return path
    .map((whole) => {
      const step = withoutGroups(whole, of);
      const [, where, name] = ofNamespace.exec(step) ?? [];
      // What a role of elsewhere allows may name objects of elsewhere.
      if (where === undefined) return isElsewhere ? step.replace(/ named .*?(?=$| and | \(I-)/, '') : step;
      isElsewhere = where !== namespace && !(where === controller.namespace && name === controller.name);
      return isElsewhere ? `a ${step.slice(0, step.indexOf(' '))} of another namespace` : step;
    })
    .join(' -> ');
}

/** A sentence that may name a service account of another namespace, or all of one. */
function withoutElsewhere(words: string, of: Audited): string {
  const { namespace, controller } = of;
  return withoutGroups(words, of).replaceAll(
    /ServiceAccount ([a-z0-9-]+)\/([a-z0-9.-]+)/g,
    (whole, where: string, name: string) =>
      where === namespace || (where === controller.namespace && name === controller.name)
        ? whole
        : 'a ServiceAccount of another namespace',
  );
}

/** Each once, as far as they fit, and then how many more there are. */
function baselineOf(baseline: readonly string[]): string[] {
  const shown = [...new Set(baseline.map((each) => sentence(each, subjectBytes)))];
  if (shown.length <= mostBaseline) return shown;
  const more = shown.length - (mostBaseline - 1);
  return [...shown.slice(0, mostBaseline - 1), `${more} more, which lockkeeper access shows`];
}

function messageOf(
  report: AccessReport,
  { namespace, name, secret, elsewhere, trustsSome }: Audited & { elsewhere: number; trustsSome: boolean },
): string {
  const count = report.others.length;
  const others = `${count} ${count === 1 ? 'other' : 'others'}`;
  const far = elsewhere === 0 ? '' : `, ${elsewhere} of them of other namespaces`;
  const next = `see: lockkeeper access ${name} -n ${namespace}`;
  switch (report.verdict) {
    case 'Exclusive':
      return trustsSome
        ? `nobody but the controller, the baseline and whom the operator trusts can reach Secret ${secret}`
        : `nobody but the controller and the baseline can reach Secret ${secret}`;
    case 'Shared':
      return `${others} can reach Secret ${secret}${far}; ${next}`;
    case 'Exposed':
      return `anybody may come to be one of the ${others} that can reach Secret ${secret}${far}; ${next}`;
    case 'Unknown':
      return `it cannot be told who can reach Secret ${secret}; ${next}`;
    default:
      return report.verdict satisfies never;
  }
}
