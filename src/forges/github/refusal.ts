import { z } from 'zod';
import { addMs, toTimestamp } from '../../base/time.ts';
import { ForgeError } from '../errors.ts';
import type { AnswerHeaders } from '../connection.ts';
import { quote } from '../quote.ts';
import { singleSignOn as authorization } from './single-sign-on.ts';

/** What a request was for: what sentences about it need. */
export interface Errand {
  readonly host: string;
  /** `owner/name`; absent for what concerns a credential alone. */
  readonly repository?: string;
  /** Completes "may not …": `open a pull request`. */
  readonly doing: string;
  /** Permissions that it takes: said when the forge does not say. */
  readonly needs?: string;
  /** Whose word the request carried. */
  readonly as: 'App key' | 'App token' | 'stored token';
}

/** GitHub's no, in its own words, which are fit to be shown. */
export interface Refusal {
  readonly status: number;
  readonly words: string;
  /** As they came: to decide by, not to show. */
  readonly headers: AnswerHeaders;
  /** A header, fit to be shown; '' when it is absent or repeats something secret. */
  readonly shown: (header: string) => string;
  /** Of a GraphQL answer: `NOT_FOUND`, `FORBIDDEN`, … */
  readonly type?: string;
  readonly now: Date;
}

/** GitHub answers 404 to the JWT of an App that it does not have, whatever was asked for. */
export function isUnknownApp({ status, words }: Pick<Refusal, 'status' | 'words'>): boolean {
  return status === 404 && /integration not found/i.test(words);
}

const fieldProblem = z.object({
  message: z.string().optional(),
  field: z.string().optional(),
  code: z.string().optional(),
});

const errorBody = z.object({
  message: z.string(),
  errors: z.array(z.union([z.string(), fieldProblem])).optional(),
});

/** GitHub's message with what it says of single fields; '' when the body is none of GitHub's. */
export function wordsOf(body: string, secrets: readonly string[]): string {
  let read: unknown;
  try {
    read = JSON.parse(body);
  } catch {
    return '';
  }
  const parsed = errorBody.safeParse(read);
  if (!parsed.success) return '';
  const details = (parsed.data.errors ?? []).map((each) =>
    typeof each === 'string' ? each : (each.message ?? [each.field, each.code].filter(Boolean).join(' ')),
  );
  return quote([parsed.data.message, ...details].join(': '), secrets);
}

/**
 * A refusal as the one error that fits. Rules: GitHub's pages "Troubleshooting the REST API", "Rate limits for the REST API" and
 * "Rate limits and query limits for the GraphQL API".
 */
export function errorOf(refusal: Refusal, errand: Errand): ForgeError {
  const { status, words, type } = refusal;
  const retryAt = limitedUntil(refusal);
  if (retryAt !== undefined) {
    return because(
      'RateLimited',
      `limits this credential until ${toTimestamp(retryAt)}`,
      refusal,
      errand,
      retryAt,
    );
  }
  if (status === 401) return because('Unauthorized', unauthorized(refusal, errand), refusal, errand);
  if (isUnknownApp(refusal)) {
    const why = "knows no App of this id; give the App's own appId, and make sure that it was not deleted";
    return because('Unauthorized', why, refusal, errand);
  }
  const sso = singleSignOn(refusal, errand);
  if (sso !== undefined) return because('SSORequired', sso, refusal, errand);
  const [, kind] = /without.*\bworkflows?`? (permission|scope)/i.exec(words) ?? [];
  if (kind !== undefined) {
    const who = errand.as === 'stored token' ? 'this token' : 'an App';
    const what = kind.toLowerCase() === 'scope' ? 'scope workflow' : 'workflows:write';
    const why = `does not let ${who} change workflows; grant it ${what}, or keep them out of the edit`;
    return because('PermissionsMissing', why, refusal, errand);
  }
  if (status === 403 || type === 'FORBIDDEN' || type === 'INSUFFICIENT_SCOPES')
    return forbidden(refusal, errand);
  if (status === 404 || status === 410 || type === 'NOT_FOUND')
    return because('NotFound', absent(errand, type), refusal, errand);
  if (status >= 300 && status < 400) {
    const thing = errand.repository ?? 'what was asked for';
    return because('NotFound', `says that ${thing} has moved; use its new name`, refusal, errand);
  }
  if (status === 409 && /is empty/i.test(words)) {
    return because('Refused', `has no commit in ${errand.repository} yet; push a first one`, refusal, errand);
  }
  if (status === 409 && !/rule violation/i.test(words)) {
    return because('Conflict', `could not ${errand.doing} just now: ${words}`, refusal, errand);
  }
  if (status >= 500 || (status === 200 && isPassing(refusal))) {
    return because(
      'Unavailable',
      `failed to ${errand.doing} (${status}); it is tried again`,
      refusal,
      errand,
    );
  }
  return because('Refused', `refused to ${errand.doing}${of(errand)}: ${words || status}`, refusal, errand);
}

/** GraphQL answers 200 to a request that it gave up on: an error without a type, or one about its own time. */
function isPassing({ type, words }: Refusal): boolean {
  return (
    type === undefined ||
    type === 'INTERNAL' ||
    type === 'SERVICE_UNAVAILABLE' ||
    /timeout|timed out/i.test(words)
  );
}

function forbidden(refusal: Refusal, errand: Errand): ForgeError {
  const { words } = refusal;
  if (/installation.*suspended/i.test(words)) {
    const why = "has suspended the App's installation; an owner unsuspends it in the installation's settings";
    return because('Suspended', why, refusal, errand);
  }
  if (/account (was|is|has been) suspended/i.test(words)) {
    const why =
      'has suspended the account that the token is of; ask its administrators, or use a token of another';
    return because('Unauthorized', why, refusal, errand);
  }
  if (/archived|read-only/i.test(words)) {
    return because('Refused', `has archived ${errand.repository ?? 'it'}; unarchive it`, refusal, errand);
  }
  if (/rule violation|protected branch/i.test(words)) {
    return because('Refused', `refused to ${errand.doing}${of(errand)}: ${words}`, refusal, errand);
  }
  if (/IP allow list/i.test(words)) {
    const why = `takes requests${of(errand)} from listed addresses alone; list this cluster's`;
    return because('PermissionsMissing', why, refusal, errand);
  }
  const grant = `grant it ${neededOf(refusal) || errand.needs || 'more'}`;
  const app = errand.as === 'stored token' ? '' : ', and accept that where the App is installed';
  return because(
    'PermissionsMissing',
    `does not let this credential ${errand.doing}${of(errand)}; ${grant}${app}`,
    refusal,
    errand,
  );
}

/** A token with scopes is told which; every other one which permissions. */
function neededOf({ headers, shown }: Refusal): string {
  const hasScopes = (headers.get('x-oauth-scopes') ?? '') !== '';
  const scopes = hasScopes ? shown('x-accepted-oauth-scopes') : '';
  if (scopes !== '') return `scope ${scopes.replaceAll(', ', ' or ')}`;
  return shown('x-accepted-github-permissions').replaceAll('=', ':').replaceAll('; ', ' or ');
}

/** GitHub tells of it by a header, and in words that mention SAML: in REST and in GraphQL alike. */
function singleSignOn({ status, words, headers }: Refusal, { host, as }: Errand): string | undefined {
  if (as !== 'stored token' || ![200, 403, 404].includes(status)) return undefined;
  const header = headers.get('x-github-sso') ?? '';
  return (
    authorization(header, host) ?? (/\bSAML\b/.test(words) ? authorization('required', host) : undefined)
  );
}

function unauthorized({ words }: Refusal, { as }: Errand): string {
  switch (as) {
    case 'App key':
      // The forge's clock is followed, so this is left when it does not tell its own.
      return /'(exp|iat)'/.test(words)
        ? "does not accept the time in the App's JWT; set this cluster's clock right, or the forge's"
        : "does not accept the App's key; give the App's own appId and a private key that it still has";
    case 'App token':
      return "does not accept the App's token any more; it is minted anew";
    case 'stored token':
      return 'does not accept the token: it is wrong, expired or revoked; replace it';
    default:
      return as satisfies never;
  }
}

function absent({ repository, doing }: Errand, type: string | undefined): string {
  if (repository === undefined) return `does not know what was needed to ${doing}; check the credential`;
  // GraphQL names what it does not find, and the repository is the only thing that is asked for by name.
  const what =
    type === 'NOT_FOUND'
      ? `shows no ${repository} to this credential`
      : `has nothing in ${repository} for this credential to ${doing}`;
  return `${what}; check the name, and that the credential is for it`;
}

function of({ repository }: Errand): string {
  return repository === undefined ? '' : ` in ${repository}`;
}

function because(
  code: ForgeError['code'],
  why: string,
  { status, shown }: Refusal,
  { host }: Errand,
  retryAt?: Date,
): ForgeError {
  const requestId = shown('x-github-request-id');
  return new ForgeError(code, `${host} ${why}`, {
    status,
    ...(/^[0-9A-Za-z:.-]{1,64}$/.test(requestId) ? { requestId } : {}),
    ...(retryAt === undefined ? {} : { retryAt }),
  });
}

/** What a secondary limit without a Retry-After asks for at least. */
const secondaryWaitMs = 60_000;
const longestWaitMs = 2 * 3_600_000;

/** When a request that hit a limit may be sent again; undefined when it hit none. GraphQL tells of a secondary limit with 200 and by words alone. */
function limitedUntil({ status, words, headers, type, now }: Refusal): Date | undefined {
  const isNamed = /rate limit|abuse detection/i.test(words) || status === 429 || type === 'RATE_LIMITED';
  const mayBeLimit = status === 403 || (isNamed && (status === 200 || status === 429));
  if (!mayBeLimit) return undefined;
  const after = (ms: number): Date => addMs(now, Math.min(Math.max(ms, 1_000), longestWaitMs));
  const retryAfter = headers.get('retry-after') ?? '';
  if (/^\d{1,9}$/.test(retryAfter)) return after(Number(retryAfter) * 1_000);
  const reset = headers.get('x-ratelimit-reset') ?? '';
  if (headers.get('x-ratelimit-remaining') === '0' && /^\d{1,12}$/.test(reset)) {
    // The reset is on GitHub's clock, and so is the Date header: their difference is right whatever ours says.
    const theirs = Date.parse(headers.get('date') ?? '');
    return after(Number(reset) * 1_000 - (Number.isNaN(theirs) ? now.getTime() : theirs));
  }
  return isNamed ? after(secondaryWaitMs) : undefined;
}
