import type { CredentialAccess } from '../api/credential.ts';
import type { AccessReport, Other, Verdict } from '../auditor/report.ts';
import { doubtOfController, type KnownController } from './controller-account.ts';

/** What a person may know of who can reach a Secret. */
export interface ShownAccess {
  readonly credential: { readonly namespace: string; readonly name: string };
  readonly secret: string;
  readonly controller: KnownController;
  /** What the auditor, who sees all and asks the API server, wrote into status; undefined where none has. */
  readonly auditor: Pick<CredentialAccess, 'verdict' | 'checkedTime' | 'message'> | undefined;
  /** By what this person may list. */
  readonly report: AccessReport;
  /** What this person may not list. */
  readonly notSeen: readonly string[];
}

/** Where part was not seen the auditor's word counts, and where the API server contradicts the rules nobody's. */
function verdictOf({ auditor, report, notSeen }: ShownAccess): {
  readonly verdict: Verdict;
  readonly why: string;
} {
  if (auditor?.verdict === 'Unknown')
    return { verdict: 'Unknown', why: `says the auditor: ${auditor.message}` };
  if (notSeen.length === 0) {
    const why = 'by all roles and bindings of the cluster';
    if (auditor === undefined || auditor.verdict === report.verdict) return { verdict: report.verdict, why };
    const other = `the auditor said ${auditor.verdict} at ${auditor.checkedTime}`;
    return { verdict: report.verdict, why: `${why}; ${other}: it may trust others than --trusted says` };
  }
  if (auditor === undefined)
    return { verdict: 'Unknown', why: 'you may not list all of it, and no auditor has looked' };
  return {
    verdict: auditor.verdict,
    why: `says the auditor, at ${auditor.checkedTime}; you may not list all of it`,
  };
}

/** For programs: members are added in later versions, and none is taken away. */
export function accessJson(shown: ShownAccess): string {
  const { credential, secret, controller, auditor, report, notSeen } = shown;
  const value = {
    credential,
    secret,
    controller,
    ...verdictOf(shown),
    auditor: auditor ?? null,
    others: report.others.map(shownOther),
    trusted: report.trusted.map(shownOther),
    baseline: report.baseline,
    dormant: report.dormant,
    notShown: notSeen,
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function shownOther({ subject, kind, name, namespace, class: found, via, path, verbs }: Other) {
  const of = namespace === undefined ? {} : { namespace };
  return { subject, kind, name, ...of, class: found, via, path, verbs };
}

/** For people. */
export function accessTable(shown: ShownAccess): string {
  const { credential, secret, controller, report, notSeen } = shown;
  const { verdict, why } = verdictOf(shown);
  const doubt = doubtOfController(controller);
  const rows = report.others.map((each) => [each.subject, each.class, each.via]);
  const others =
    rows.length === 0
      ? ['Nobody else can reach it, as far as you may list.']
      : table([['SUBJECT', 'CLASS', 'VIA'], ...rows]);
  return [
    `Secret ${credential.namespace}/${secret}, of Credential ${credential.name}: ${verdict} (${why})`,
    ...(doubt === undefined ? [] : [doubt]),
    '',
    ...others,
    ...section('Who always can, and is not counted:', report.baseline),
    ...section('Would count if their role were made:', report.dormant),
    ...section('Not shown, since you may not list them:', notSeen),
    '',
  ].join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}
