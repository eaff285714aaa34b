import { z } from 'zod';
import type { Permission } from '../identity.ts';
import type { Provider } from '../provider.ts';

/** What tokens are minted with: see `Provider.permissions`. */
export const permissions = {
  read: ['contents:read', 'pull_requests:read'],
  write: ['contents:write', 'pull_requests:write'],
  sometimes: ['workflows:write'],
  observe: ['organization_personal_access_tokens:read'],
} as const satisfies Provider['permissions'];

/** GitHub lets nobody change what its Actions run by the right to change contents alone. */
export function permissionsFor(path: string): readonly Permission[] {
  return path.startsWith('.github/workflows/') ? permissions.sometimes : [];
}

/** How GitHub writes permissions: `{ contents: 'write' }`. */
export const permissionMap = z.record(z.string(), z.string());

export function permissionsOf(map: z.infer<typeof permissionMap>): Permission[] {
  return Object.entries(map)
    .map(([name, level]) => `${name}:${level}`)
    .toSorted();
}

export function permissionMapOf(each: readonly Permission[]): Record<string, string> {
  return Object.fromEntries(each.map(split));
}

const ranks = new Map([
  ['read', 1],
  ['write', 2],
  ['admin', 3],
]);

/** What of `asked` is not among `granted`; a higher level holds the lower ones. */
export function beyond(granted: readonly Permission[], asked: readonly Permission[]): Permission[] {
  const levels = new Map(granted.map(split));
  return asked.filter((permission) => {
    const [name, level] = split(permission);
    const has = levels.get(name);
    // A level that GitHub invents later is only like itself.
    return has !== level && (ranks.get(has ?? '') ?? 0) < (ranks.get(level) ?? Infinity);
  });
}

function split(permission: Permission): [name: string, level: string] {
  const [name = '', level = 'read'] = permission.split(':');
  return [name, level];
}
