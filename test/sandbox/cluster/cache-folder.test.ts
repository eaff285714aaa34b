import { expect, test } from '@jest/globals';
import { cacheFolderOf } from './cache-folder.ts';

test.each([
  ['what LOCKKEEPER_CACHE says', { LOCKKEEPER_CACHE: '/c', XDG_CACHE_HOME: '/x' }, 'linux', '/c'],
  ['a folder in XDG_CACHE_HOME', { XDG_CACHE_HOME: '/x' }, 'darwin', '/x/lockkeeper'],
  ['a folder in ~/.cache on Linux', {}, 'linux', '/home/ann/.cache/lockkeeper'],
  ['a folder in ~/Library/Caches on macOS', {}, 'darwin', '/home/ann/Library/Caches/lockkeeper'],
] as const)('the cache is %s', (_where, env, os, expected) => {
  expect(cacheFolderOf({ env, home: '/home/ann', os })).toBe(expected);
});
