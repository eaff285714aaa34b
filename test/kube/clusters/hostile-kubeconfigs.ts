import { makeCertificate } from '../../certificate.ts';
import { authority, base64, remoteText } from './remote-kubeconfig-text.ts';

const keeper = makeCertificate('keeper');
const stranger = makeCertificate('stranger');

const cluster = (parts: object): string => remoteText({ cluster: parts });
const user = (parts: object | null): string => remoteText({ user: parts });
const more = (parts: object): string => remoteText({ more: parts });
const pair = (cert: string, key: string): object => ({
  'client-certificate-data': base64(cert),
  'client-key-data': base64(key),
});
const authorityOf = (text: string): string => cluster({ 'certificate-authority-data': text });

// Nine lists, each with the one before in it nine times: 387 million words once they are written out.
const bomb = Array.from({ length: 9 }, (_, index) => {
  const inside = index === 0 ? 'canary' : `*l${index - 1}`;
  return `l${index}: &l${index} [${Array<string>(9).fill(inside).join(', ')}]\n`;
}).join('');

const noProgram =
  'which is not supported: no program is run here; use a token (kubectl create token) or a client certificate';
const noFile = 'which is not supported: no file is read here; write what it holds as';
const noPassword =
  'which is not supported: API servers take no passwords any more; use a token (kubectl create token)';
const noOther = 'which is not supported: who connects acts as itself; grant it what it needs';
const flatten = '(kubectl config view --flatten --raw)';
const minify = 'kubectl config view --minify --flatten --raw writes just what is needed';
const isBadServer = ': its cluster: server must be https://host:port, with no user, path or query';
const isBadToken = ': its user: token: must be ASCII with no spaces or line breaks in it';
const isBadAuthority =
  ': its cluster: certificate-authority-data must be PEM certificates in base64, and nothing else';
const isBadCertificate =
  ': its user: client-certificate-data must be PEM certificates in base64, and nothing else';
const isNotItsKey =
  ': its user: client-key-data must be the PEM private key of client-certificate-data in base64, with no passphrase';
const isTooMuch = `: has too many lines or parts to be one; ${minify}`;

/** What a hostile kubeconfig is called, how it is written, and the end of the sentence that refuses it. */
export type Hostile = readonly [name: string, text: string, sentence: string];

/**
 * Kubeconfigs that somebody might put into a Secret. What must not be seen in a sentence is called canary in them.
 * @param canary a file that none of them may have read
 * @param started a file that some of them would make, if they were let
 */
export function hostileKubeconfigs(canary: string, started: string): readonly Hostile[] {
  const program = { apiVersion: 'client.authentication.k8s.io/v1', command: 'touch', args: [started] };
  const gcp = { name: 'gcp', config: { 'cmd-path': 'touch', 'cmd-args': started } };
  return [
    ['exec', user({ exec: program }), `: its user has exec, ${noProgram}`],
    ['exec beside a token', user({ token: 'canary', exec: program }), `: its user has exec, ${noProgram}`],
    [
      'auth-provider with cmd-path',
      user({ 'auth-provider': gcp }),
      `: its user has auth-provider, ${noProgram}`,
    ],
    ['token-file', user({ 'token-file': canary }), `: its user has token-file, ${noFile} token`],
    ['tokenFile', user({ tokenFile: canary }), `: its user has tokenFile, ${noFile} token`],
    [
      'certificate-authority',
      cluster({ 'certificate-authority': canary }),
      `: its cluster has certificate-authority, ${noFile} certificate-authority-data ${flatten}`,
    ],
    [
      'client-certificate',
      user({ 'client-certificate': canary }),
      `: its user has client-certificate, ${noFile} client-certificate-data ${flatten}`,
    ],
    [
      'client-key',
      user({ 'client-key': canary }),
      `: its user has client-key, ${noFile} client-key-data ${flatten}`,
    ],
    [
      'proxy-url',
      cluster({ 'proxy-url': 'http://canary@proxy.test' }),
      ': its cluster has proxy-url, which is not supported: the API server is spoken to directly',
    ],
    [
      'insecure-skip-tls-verify',
      cluster({ 'insecure-skip-tls-verify': true }),
      ': its cluster has insecure-skip-tls-verify, which is not supported: give certificate-authority-data instead: a token goes only to a server that is checked',
    ],
    ['username', user({ username: 'canary' }), `: its user has username, ${noPassword}`],
    ['password', user({ password: 'canary' }), `: its user has password, ${noPassword}`],
    ['impersonation', user({ token: 'canary', as: 'canary' }), `: its user has as, ${noOther}`],
    [
      'impersonation of groups',
      user({ token: 'canary', 'as-groups': ['canary'] }),
      `: its user has as-groups, ${noOther}`,
    ],

    ['an http: server', cluster({ server: 'http://api.test' }), isBadServer],
    ['userinfo in the server', cluster({ server: 'https://canary:canary@api.test' }), isBadServer],
    ['empty userinfo in the server', cluster({ server: 'https://@api.test' }), isBadServer],
    ['a path in the server', cluster({ server: 'https://api.test/canary' }), isBadServer],
    ['a query in the server', cluster({ server: 'https://api.test?canary=1' }), isBadServer],
    ['a fragment in the server', cluster({ server: 'https://api.test#canary' }), isBadServer],
    ['a backslash in the server', cluster({ server: 'https://canary\\@api.test' }), isBadServer],
    ['a line break in the server', cluster({ server: 'https://api.\ntest' }), isBadServer],
    ['a server that is a file', cluster({ server: `file://${canary}` }), isBadServer],
    ['a server that is a socket', cluster({ server: 'unix:///var/run/canary.sock' }), isBadServer],
    ['a port that is none', cluster({ server: 'https://api.test:99999' }), isBadServer],
    [
      'a server name that is none',
      cluster({ 'tls-server-name': 'canary\r\nhost' }),
      ': its cluster: tls-server-name: must be a host name',
    ],

    [
      'two documents',
      `${remoteText()}---\n${user({ exec: program })}`,
      ': holds more than one document; keep one',
    ],
    [
      'an alias bomb',
      `${bomb}${remoteText()}`,
      ': has an alias (*); write the value itself where it belongs',
    ],
    ['10 MB', `${remoteText()}# ${'canary '.repeat(1_500_000)}`, `: is larger than 256 KiB; ${minify}`],
    ['256 KiB of brackets', '}'.repeat(256 * 1024), isTooMuch],
    ['256 KiB of keys', 'canary:\n'.repeat(32 * 1024), isTooMuch],
    ['256 KiB of lists in lists', '- '.repeat(128 * 1024), isTooMuch],
    ['lists in lists', '['.repeat(4_000), ': cannot be read as YAML (RESOURCE_EXHAUSTION)'],
    ['nothing', '', `: is empty; ${minify}`],
    ['nothing but spaces', ' \n\t\n', `: is empty; ${minify}`],
    ['nothing but a comment', '# canary', ': Invalid input: expected object, received null'],
    ['no YAML', 'users: "canary', ': cannot be read as YAML (MISSING_CHAR)'],
    ['a word', 'canary', ': Invalid input: expected object, received string'],
    ['a list', '[canary]', ': Invalid input: expected object, received array'],
    ['bytes that are no text', 'canary\ufffd\ufffd', `: is not text; ${minify}`],
    ['zeros', 'canary\0\0', `: is not text; ${minify}`],
    [
      'a key that comes twice',
      `${remoteText()}users: [{ name: keeper, user: { token: canary } }]\n`,
      ': has users twice in one place; keep one',
    ],
    [
      'a key that comes twice further down',
      remoteText().replace('token: t0ken', 'token: t0ken\n      "token": canary'),
      ': has token twice in one place; keep one',
    ],
    ['a YAML tag', remoteText().replace('t0ken', '!!binary Y2FuYXJ5'), ': has a tag (!); leave it out'],
    ['a tag of its own', remoteText().replace('t0ken', '!canary t0ken'), ': has a tag (!); leave it out'],
    [
      'a merge key',
      remoteText().replace('token: t0ken', '<<: { token: canary }'),
      ': its user has <<, which is not supported: nothing is merged here; write each key where it belongs',
    ],
    [
      'YAML 1.1, where a merge key merges',
      `%YAML 1.1\n---\n${remoteText()}`,
      ': has a directive (a line that begins with %); leave it out',
    ],
    ['a key that is a list', '? [canary]\n: canary\n', ': cannot be read as YAML (NON_STRING_KEY)'],
    ['__proto__', `${remoteText()}__proto__: { token: canary }\n`, ' has __proto__, which is not supported'],
    [
      '__proto__ of its user',
      remoteText().replace('token: t0ken', '__proto__: { token: canary }'),
      ': its user has __proto__, which is not supported',
    ],
    ['constructor', `${remoteText()}constructor: canary\n`, ' has constructor, which is not supported'],
    ['toString of its user', user({ toString: 'canary' }), ': its user has toString, which is not supported'],
    ['a key that nobody knows', more({ plugins: 'canary' }), ' has plugins, which is not supported'],
    [
      'a token where a key belongs',
      user({ 'canary with spaces': null }),
      ': its user has a key that is no word, which is not supported',
    ],
    [
      'a key beside a cluster',
      more({ clusters: [{ name: 'lake', cluster: {}, plugin: 'canary' }] }),
      ' has plugin, which is not supported',
    ],

    ['a token with a line break', user({ token: 'canary\r\nx-canary: 1' }), isBadToken],
    ['a token that ends with a line break', user({ token: 'canary\n' }), isBadToken],
    ['a token with letters that no header takes', user({ token: 'canary\u00e9' }), isBadToken],
    ['an empty token', user({ token: '' }), isBadToken],
    [
      'a number for a token',
      user({ token: 12345 }),
      ': its user: token: Invalid input: expected string, received number',
    ],
    [
      'a number for a server',
      cluster({ server: 6443 }),
      ': its cluster: server: Invalid input: expected string, received number',
    ],
    [
      'a number for a name',
      more({ 'current-context': 1 }),
      ': current-context: Invalid input: expected string, received number',
    ],
    ['another kind', more({ kind: 'canary' }), ': kind: Invalid input: expected "Config"'],
    [
      'no certificate authority',
      cluster({ 'certificate-authority-data': undefined }),
      ': its cluster: has no certificate-authority-data, without which a server cannot be checked',
    ],
    ['an authority that is no PEM', authorityOf(base64('canary')), isBadAuthority],
    ['an authority with nothing in it', authorityOf(''), isBadAuthority],
    [
      'an authority that only begins as PEM does',
      authorityOf(base64('-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n')),
      isBadAuthority,
    ],
    ['an authority with its key', authorityOf(base64(authority.cert + authority.key)), isBadAuthority],
    [
      'an authority that is no base64',
      authorityOf(authority.cert),
      ': its cluster: certificate-authority-data is not base64',
    ],
    ['a certificate that is no PEM', user(pair('canary', keeper.key)), isBadCertificate],
    ['a key that is no PEM', user(pair(keeper.cert, 'canary')), isNotItsKey],
    ['the key of another certificate', user(pair(keeper.cert, stranger.key)), isNotItsKey],
    ['a certificate for a key', user(pair(keeper.cert, keeper.cert)), isNotItsKey],
    [
      'a certificate without a key',
      user({ 'client-certificate-data': base64(keeper.cert) }),
      ': its user: must have both client-certificate-data and client-key-data, or neither',
    ],
    [
      'a user who is nobody',
      user({}),
      ': its user has no token or client-certificate-data; kubectl create token makes a token',
    ],
    [
      'a user that is null',
      user(null),
      ': its user has no token or client-certificate-data; kubectl create token makes a token',
    ],

    [
      'an unknown current-context',
      more({ 'current-context': 'canary' }),
      ': current-context is not the name of its one context',
    ],
    [
      'no current-context',
      more({ 'current-context': undefined }),
      ': current-context is not the name of its one context',
    ],
    [
      'a context of an unknown cluster',
      remoteText({ context: { cluster: 'canary' } }),
      ": its context's cluster is not the name of its one cluster",
    ],
    [
      'a context of an unknown user',
      remoteText({ context: { user: 'canary' } }),
      ": its context's user is not the name of its one user",
    ],
    ['no users', more({ users: [] }), `: must have exactly one user and has 0; ${minify}`],
    [
      'two users',
      more({ users: [{ name: 'keeper', user: { token: 'canary' } }, { name: 'canary' }] }),
      `: must have exactly one user and has 2; ${minify}`,
    ],
  ];
}
