/** Whose limits an installation token counts against. */
export function installationAccount(id: string): string {
  return `installation ${id}`;
}

/** Whose limits a stored token counts against: all tokens of a user share them. */
export function userAccount({ login, id }: { readonly login: string; readonly id?: string }): string {
  return `user ${id ?? login.toLowerCase()}`;
}

/** Whose limits what an App asks with its own key counts against. */
export function appAccount(appId: string): string {
  return `app ${appId}`;
}
