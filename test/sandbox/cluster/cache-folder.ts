import { join } from 'node:path';

/**
 * Where built and downloaded things of this user are kept between runs: `LOCKKEEPER_CACHE`, else `$XDG_CACHE_HOME/lockkeeper`,
 * else `~/Library/Caches/lockkeeper` on macOS and `~/.cache/lockkeeper` elsewhere. The folder need not exist.
 */
export function cacheFolderOf({
  env,
  home,
  os,
}: {
  env: NodeJS.ProcessEnv;
  home: string;
  os: NodeJS.Platform;
}): string {
  if (env['LOCKKEEPER_CACHE']) return env['LOCKKEEPER_CACHE'];
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'lockkeeper');
  if (os === 'darwin') return join(home, 'Library', 'Caches', 'lockkeeper');
  return join(home, '.cache', 'lockkeeper');
}
