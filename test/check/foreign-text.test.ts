import { expect, test } from '@jest/globals';
import { foreignText } from './foreign-text.ts';

// Put together here, so that this file itself has none of it.
const root = '/';
const random = 'Zk9QmT4xLb7RvW2nYc8PfH3sDg6JtKaEu5Xo';
const base64 = `${random}${random}${random}`;

test.each([
  ['a path of one machine', `see ${root}root/notes`],
  ['a path of one machine', `cd "${root}work/main"`],
  ['a path of one machine', `${root}tmp/result.json`],
  ['a path of one machine', `KUBECONFIG=${root}home/bob/.kube/config`],
  ['a path of one machine', `${root}Users/bob/lockkeeper`],
  ['the host of a package registry', `https://registry.${'npmjs.org'}/zod`],
  ['the host of a package registry', `GOPROXY=https://proxy.${'golang.org'},direct`],
  ['a private key', `-----BEGIN RSA ${'PRIVATE KEY'}-----\n${base64}\n`],
  ['a private key', `"-----BEGIN ${'PRIVATE KEY'}-----\\n${base64}\\n"`],
  ['a token of a forge', `token: ghs${'_'}${random}`],
  ['a token of a forge', `github${'_pat_'}${random}${random}`],
  ['a token of a forge', `glpat${'-'}${random}`],
  ['a signed token', `eyJ${random}.eyJ${random}.${random}`],
  ['half of a merge', `${'<'.repeat(7)} HEAD`],
])('%s is found: %s', (what, text) => {
  expect(foreignText('docs/a.md', `first line\n${text}`)).toEqual([`docs/a.md:2: ${what}`]);
});

test.each([
  '$HOME/work/lockkeeper and ./tmp/a and ~/tmp/a and https://charts.dev/work/a',
  `${root}home/ann/.cache/lockkeeper`,
  'mounts an emptyDir at /tmp',
  'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
  `-----BEGIN ${'PRIVATE KEY'}-----\n…\n`,
  'google.golang.org/grpc v1.79.3',
])('what is no one’s in particular may stand: %s', (text) => {
  expect(foreignText('docs/a.md', text)).toEqual([]);
});
