import type { CredentialAccess } from '../api/credential.ts';
import type { AccessReport, Other, Verdict } from '../auditor/report.ts';
import { doubtOfController, type KnownController } from './controller-account.ts';

/** What the auditor, who sees all and asks the API server, wrote into status. */
export interface AuditorWord extends Pick<CredentialAccess, 'verdict' | 'checkedTime' | 'message'> {
  /** Why it is not believed, in a sentence; the condition Exclusive says the same. Undefined where it is. */
  readonly disbelief: string | undefined;
}

/** What a person may know of who can reach a Secret. */
export interface ShownAccess {
  readonly credential: { readonly namespace: string; readonly name: string };
  readonly secret: string;
  readonly controller: KnownController;
  /** Undefined where no auditor has looked. */
  readonly auditor: AuditorWord | undefined;
  /** By what this person may list. */
  readonly report: AccessReport;
  /** What this person may not list. */
  readonly notSeen: readonly string[];
}

interface Judgement {
  readonly verdict: Verdict;
  readonly why: string;
}

/** The larger the worse. What has not been told may be worse than what is known to be good. */
const badness: Readonly<Record<Verdict, number>> = { Exclusive: 0, Unknown: 1, Shared: 2, Exposed: 3 };

/**
 * By all that there is this person's own; by a part of it the worse of that and of the auditor's word, since more rights reach no
 * fewer. Where the API server contradicts the rules nobody's.
 */
function verdictOf({ auditor, report: { verdict }, notSeen }: ShownAccess): Judgement {
  if (auditor === undefined) return withoutAuditor(verdict, notSeen, 'no auditor has looked');
  const { verdict: told, checkedTime, message, disbelief } = auditor;
  if (disbelief !== undefined) return withoutAuditor(verdict, notSeen, disbelief);
  if (told === 'Unknown') return { verdict: told, why: `says the auditor: ${message}` };
  if (notSeen.length > 0 && badness[told] >= badness[verdict])
    return { verdict: told, why: `says the auditor, at ${checkedTime}; you may not list all of it` };
  if (told === verdict) return { verdict, why: seenBy(notSeen) };
  const other = `the auditor said ${told} at ${checkedTime}`;
  const why =
    'since then roles or bindings may have changed, or it was told otherwise by --trusted or --flux-locked-down';
  return { verdict, why: `${seenBy(notSeen)}; ${other}: ${why}` };
}

/** @param lacking why there is no word of an auditor */
function withoutAuditor(
  verdict: AccessReport['verdict'],
  notSeen: readonly string[],
  lacking: string,
): Judgement {
  if (verdict !== 'Exclusive') return { verdict, why: seenBy(notSeen) };
  if (notSeen.length > 0) return { verdict: 'Unknown', why: `you may not list all of it, and ${lacking}` };
  const unasked = 'nobody has asked the API server whether it decides by them alone';
  return { verdict, why: `${seenBy(notSeen)}; ${unasked}: ${lacking}` };
}

function seenBy(notSeen: readonly string[]): string {
  return notSeen.length === 0
    ? 'by all roles and bindings of the cluster'
    : 'by what you may list, which is not all';
}

/** For programs: members are added in later versions, and none is taken away. */
export function accessJson(shown: ShownAccess): string {
  const { credential, secret, controller, auditor, report, notSeen } = shown;
  const value = {
    credential,
    secret,
    controller,
    ...verdictOf(shown),
    auditor: auditor === undefined ? null : { ...auditor, disbelief: auditor.disbelief ?? null },
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
