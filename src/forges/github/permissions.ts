import { z } from 'zod';
import type { Permission } from '../forge.ts';

/** How GitHub writes permissions: `{ contents: 'write' }`. */
export const permissionMap = z.record(z.string(), z.string());

export function permissionsOf(map: z.infer<typeof permissionMap>): Permission[] {
  return Object.entries(map)
    .map(([name, level]) => `${name}:${level}`)
    .toSorted();
}

export function permissionMapOf(permissions: readonly Permission[]): Record<string, string> {
  return Object.fromEntries(
    permissions.map((each) => {
      const [name = '', level = 'read'] = each.split(':');
      return [name, level];
    }),
  );
}
