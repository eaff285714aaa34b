import type { Revision } from '../base/revision.ts';
import type { Warning } from '../manifests/scan.ts';

/** What is asked for: one revision into one environment of one Pipeline. */
export interface Promotion {
  /** The install that speaks; another install's branches are left alone. */
  readonly instance: string;
  readonly namespace: string;
  readonly pipeline: string;
  readonly environment: string;
  /** The environment that runs the revision already, in good health since `since`. */
  readonly source: { readonly name: string; readonly since: string };
  readonly revision: Revision;
  /** What all of the environment runs in good health now, where that is known. */
  readonly running?: Revision;
  /** The app object's kind and name, for people. */
  readonly app: string;
}

/** One marked value that the pull request changes. */
export interface Change {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly from: string;
  readonly to: string;
}

/** A promotion pull request as data. */
export interface Proposal {
  readonly branch: string;
  readonly title: string;
  readonly body: string;
  readonly commitMessage: string;
}

/** The one branch of an environment. `/` cannot occur in the parts, so no two environments share one. */
export function branchOf({
  namespace,
  pipeline,
  environment,
}: Pick<Promotion, 'namespace' | 'pipeline' | 'environment'>): string {
  return `promotion/${namespace}/${pipeline}/${environment}`;
}

/** What a pull request shows beside why it is there. */
export interface Contents {
  readonly changes: readonly Change[];
  /** Comments that look like markers and mark nothing: people meant something by them. */
  readonly warnings?: readonly Warning[];
}

export function proposalOf(promotion: Promotion, contents: Contents): Proposal {
  return {
    branch: branchOf(promotion),
    title: titleOf(promotion),
    body: bodyOf(promotion, contents),
    commitMessage: `${titleOf(promotion)}\n\n${whyOf(promotion, (text) => text)}\n\n${trailersOf(promotion)}\n`,
  };
}

// The title that Weave's users know.
function titleOf({ namespace, pipeline, environment, revision }: Promotion): string {
  return `Promote ${namespace}/${pipeline} in ${environment} to ${revision.version}`;
}

function whyOf({ revision, source, app }: Promotion, code: (text: string) => string): string {
  return `${app} runs ${code(revision.version)} in ${source.name}, healthy since ${source.since}.`;
}

const maxChangesShown = 50;
const maxWarningsShown = 10;

function bodyOf(promotion: Promotion, { changes, warnings = [] }: Contents): string {
  const { revision, namespace, pipeline, environment, instance } = promotion;
  const rows = changes
    .slice(0, maxChangesShown)
    .map(
      ({ path, line, from, to }) =>
        `| ${codeSpan(`${path}:${line}`)} | ${codeSpan(from)} | ${codeSpan(to)} |`,
    );
  const more = changes.length - rows.length;
  return [
    whyOf(promotion, codeSpan),
    '',
    '| file | now | promoted |',
    '| --- | --- | --- |',
    ...rows,
    ...(more > 0 ? [`| and ${more} more | | |`] : []),
    ...(revision.digest === undefined ? [] : ['', `Digest ${codeSpan(revision.digest)}.`]),
    ...(warnings.length === 0 ? [] : ['', 'Left as it is, since it marks nothing:', '']),
    ...warnings.slice(0, maxWarningsShown).map(warningLine),
    ...(warnings.length > maxWarningsShown ? [`- and ${warnings.length - maxWarningsShown} more`] : []),
    '',
    `Merge it to promote; close it to decline ${codeSpan(revision.version)} for ${environment}.`,
    'A newer version replaces this pull request in place. Commits pushed to its branch by others stop it.',
    '',
    `<!-- lockkeeper ${JSON.stringify({ instance, pipeline: `${namespace}/${pipeline}`, environment, key: revision.key })} -->`,
    '',
  ].join('\n');
}

function warningLine({ path, line, message }: Warning): string {
  return `- ${codeSpan(`${path}:${line}: ${message}`)}`;
}

/** Text as inline code: no link, mention, table cell or HTML can come out of it, whatever it holds. */
export function codeSpan(text: string): string {
  const plain = text.replace(/[\r\n]+/g, ' ').replaceAll('|', '\\|');
  const longest = Math.max(0, ...[...plain.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 || plain === '' ? ' ' : '';
  return `${fence}${pad}${plain}${pad}${fence}`;
}

const trailerNames = {
  instance: 'Lockkeeper-Instance',
  environment: 'Lockkeeper-Environment',
  key: 'Lockkeeper-Key',
} as const;

function trailersOf({ instance, namespace, pipeline, environment, revision }: Promotion): string {
  return [
    `${trailerNames.instance}: ${instance}`,
    `${trailerNames.environment}: ${namespace}/${pipeline}/${environment}`,
    `${trailerNames.key}: ${revision.key}`,
  ].join('\n');
}

/** What a commit of ours says of itself; members are absent where the message has no such trailer. */
export interface Trailers {
  readonly instance?: string;
  /** `namespace/pipeline/environment` */
  readonly environment?: string;
  readonly key?: string;
}

/** Reads the last paragraph of a commit message. Anybody can write trailers: they tell whose a commit claims to be. */
export function readTrailers(commitMessage: string): Trailers {
  const last =
    commitMessage
      .trimEnd()
      .split(/\n{2,}/)
      .at(-1) ?? '';
  const found: Record<string, string> = {};
  for (const line of last.split('\n')) {
    const [, name, value] = /^([A-Za-z-]+): (.+)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) found[name] = value.trim();
  }
  const pick = (name: keyof typeof trailerNames): Trailers => {
    const value = found[trailerNames[name]];
    return value === undefined ? {} : { [name]: value };
  };
  return { ...pick('instance'), ...pick('environment'), ...pick('key') };
}
