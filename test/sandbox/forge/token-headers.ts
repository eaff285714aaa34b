import type { Caller } from './caller.ts';

/**
 * What an answer tells about the token that asked: classic scopes, and when it expires. Of tokens of Apps it is not known whether they are
 * told their end; here they are not.
 * @param acceptedScopes what the route takes of a token with scopes
 */
export function tokenHeaders(
  caller: Caller,
  { acceptedScopes, now }: { readonly acceptedScopes: string; readonly now: Date },
): Record<string, string> {
  if (caller.kind === 'classic') {
    const { scopes, expiresAt } = caller.token;
    return {
      'x-oauth-scopes': scopes.join(', '),
      'x-accepted-oauth-scopes': acceptedScopes,
      ...(expiresAt ? { 'github-authentication-token-expiration': `${stamp(expiresAt)} UTC` } : {}),
    };
  }
  // The header is there for an App's user too, with nothing in it.
  if (caller.kind === 'appUser') return { 'x-oauth-scopes': '', 'x-accepted-oauth-scopes': '' };
  if (caller.kind !== 'fineGrained') return {};
  const { expiresAt, headerOffsetMinutes, tellsPresentMoment } = caller.token;
  if (!expiresAt) return {};
  const told = tellsPresentMoment ? now : expiresAt;
  const local = new Date(told.getTime() + headerOffsetMinutes * 60_000);
  const value = `${stamp(local)} ${offset(headerOffsetMinutes)}`;
  return { 'github-authentication-token-expiration': value };
}

function stamp(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ');
}

function offset(minutes: number): string {
  const whole = Math.abs(minutes);
  const two = (value: number): string => `${Math.floor(value)}`.padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(whole / 60)}${two(whole % 60)}`;
}
