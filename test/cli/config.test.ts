import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readConfig } from '../../src/cli/config.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockkeeper-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, text);
  return path;
}

test('without any word the forges are github.com and gitlab.com, and namespaces must allow their Pipelines', () => {
  const both = { allowHTTP: false, allowPrivateNetwork: false };
  expect(readConfig([])).toMatchObject({
    forges: [
      { host: 'github.com', provider: 'github', apiURL: 'https://api.github.com', ...both },
      { host: 'gitlab.com', provider: 'gitlab', apiURL: 'https://gitlab.com/api/v4', ...both },
    ],
    crossNamespaceTargets: 'Annotated',
    logLevel: 'info',
  });
});

test.each([
  ['github', 'github.com', 'https://api.github.com'],
  ['github', 'acme.ghe.com', 'https://api.acme.ghe.com'],
  ['github', 'git.example.com', 'https://git.example.com/api/v3'],
  ['gitlab', 'gitlab.com', 'https://gitlab.com/api/v4'],
  ['gitlab', 'git.example.com:8443', 'https://git.example.com:8443/api/v4'],
  ['gitea', 'codeberg.org', 'https://codeberg.org/api/v1'],
])('of provider %s the host %s has its API at %s', (provider, host, apiURL) => {
  const path = file(`forges: [{ host: "${host}", provider: ${provider} }]`);
  expect(readConfig(['--config', path])).toMatchObject({ forges: [{ host, provider, apiURL }] });
});

test('a controller with too many rights starts unless a flag or the file says that it may not', () => {
  expect(readConfig([])).toMatchObject({ strictRbac: false });
  expect(readConfig(['--strict-rbac'])).toMatchObject({ strictRbac: true });
  expect(readConfig(['--config', file('strictRbac: true')])).toMatchObject({ strictRbac: true });
  expect(mistakesOf('--strict-rbac=no')).toEqual(['--strict-rbac: takes no value']);
});

test('a flag wins over the file', () => {
  const path = file('logLevel: warn\ninstance: file');
  expect(readConfig(['--config', path, '--log-level', 'debug'])).toMatchObject({
    logLevel: 'debug',
    instance: 'file',
  });
});

/** What is wrong, line by line. */
function mistakesOf(...args: readonly string[]): string[] {
  try {
    readConfig(args);
  } catch (thrown) {
    const { code, message } = Object(thrown) as { code?: unknown; message?: unknown }; // whatever was thrown
    expect(code).toBe('ConfigInvalid');
    const lines = String(message).split('\n');
    const mistakes = lines.slice(1, -1).map((line) => line.trim());
    expect([lines[0], lines.at(-1)]).toEqual([
      `${mistakes.length} mistake(s) in flags or configuration:`,
      'See: lockkeeper controller --help',
    ]);
    return mistakes;
  }
  throw new Error('it was taken');
}

test('every mistake is told at once, those of the flags and those of the file', () => {
  const path = file(`
forges: [{ host: "Git Hub", provider: svn, apiURL: "http://x" }]
logLevel: loud
instance: "-"
colour: red
`);
  const flags = ['--concurrency', '0', '--speed', 'high', 'now'];
  expect(mistakesOf('--config', path, ...flags)).toEqual([
    '--speed: there is no such flag',
    'unexpected argument "now"',
    'forges.0.host: is not a host name',
    'forges.0.provider: Invalid option: expected one of "github"|"gitlab"|"gitea"',
    'instance: must be up to 63 letters, digits, dots, dashes',
    'logLevel: Invalid option: expected one of "error"|"warn"|"info"|"debug"',
    '--concurrency: Too small: expected number to be >=1',
    'Unrecognized key: "colour"',
  ]);
});

test.each([
  [':8080', { host: '', port: 8080 }],
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
  ['[::1]:9090', { host: '::1', port: 9090 }],
  ['0', 'nowhere'],
])('health and metrics listen on %s', (address, expected) => {
  expect(readConfig(['--telemetry-address', address])).toHaveProperty('telemetryAddress', expected);
});

test.each(['8080', 'localhost', ':99999', '::1:80', 'a b:80', ':'])(
  '%s is no address to listen on',
  (address) => {
    const [mistake] = mistakesOf('--telemetry-address', address);
    expect(mistake).toMatch(
      /^--telemetry-address: (must be host:port, :port, or 0 for none|has no such port)$/,
    );
  },
);

test('leader election is as the flag or the file says, and undecided otherwise', () => {
  expect(readConfig(['--leader-elect', 'false'])).toMatchObject({ leaderElect: false });
  expect(readConfig(['--leader-elect=true'])).toMatchObject({ leaderElect: true });
  expect(readConfig(['--config', file('leaderElect: false')])).toMatchObject({ leaderElect: false });
  expect(readConfig([])).not.toHaveProperty('leaderElect');
  expect(mistakesOf('--leader-elect', 'maybe')[0]).toMatch(/^--leader-elect: /);
  expect(mistakesOf('--leader-election-namespace', 'A_b')).toEqual([
    '--leader-election-namespace: is not the name of a namespace',
  ]);
});

test('http needs the word of the operator', () => {
  const plain = '{ host: git.local, provider: github, apiURL: "http://git.local" }';
  expect(() => readConfig(['--config', file(`forges: [${plain}]`)])).toThrow(/set allowHTTP/);
  expect(
    readConfig(['--config', file(`forges: [${plain.replace('}', ', allowHTTP: true }')}]`)]),
  ).toMatchObject({
    forges: [{ allowHTTP: true }],
  });
});

test.each([
  ['https://127.0.0.1', 'is not a public address (loopback): set allowPrivateNetwork if the forge is there'],
  ['https://2130706433', 'is not a public address (loopback): set allowPrivateNetwork if the forge is there'],
  [
    'https://[fd12::7]:8443/api/v3',
    'is not a public address (private): set allowPrivateNetwork if the forge is there',
  ],
  ['https://169.254.169.254', 'is an address where no forge is (metadata)'],
  ['https://ada:secret@git.acme.example', 'holds a user name or password: tokens come from Credentials'],
  ['https://git.acme.example/?a=b', 'must end with its path'],
  ['https://git.acme.example./api/v3', 'has a name that ends in a dot: leave it out'],
  ['https://gіthub.com', 'has letters that are not ASCII: write the name as xn--…, if it is meant'],
])('%s is no place of an API', (apiURL, mistake) => {
  const path = file(`forges: [{ host: git.acme.example, provider: github, apiURL: "${apiURL}" }]`);
  expect(mistakesOf('--config', path)).toEqual([`forges.0.apiURL: ${mistake}`]);
});

test('an address that is not public needs the word of the operator, and metadata has none', () => {
  const forge = (address: string) =>
    `forges: [{ host: git.local, provider: github, apiURL: "https://${address}", allowPrivateNetwork: true }]`;
  expect(readConfig(['--config', file(forge('10.1.2.3'))])).toMatchObject({
    forges: [{ allowPrivateNetwork: true }],
  });
  expect(mistakesOf('--config', file(forge('[fd00:ec2::254]')))).toEqual([
    'forges.0.apiURL: is an address where no forge is (metadata)',
  ]);
});

test.each([
  [['--colour', 'red'], ['--colour: there is no such flag']],
  [['-c', 'red'], ['-c: there is no such flag']],
  [['extra'], ['unexpected argument "extra"']],
  [['--log-level'], ['--log-level: needs a value']],
  [['--instance='], ['--instance: needs a value']],
  [['--instance', '--log-level', 'debug'], ['--instance: needs a value']],
  [['--help=no'], ['--help: takes no value']],
  [['--log-level', 'loud'], ['--log-level: Invalid option: expected one of "error"|"warn"|"info"|"debug"']],
  [
    ['--cross-namespace-targets', 'No'],
    ['--cross-namespace-targets: Invalid option: expected one of "Annotated"|"Allow"'],
  ],
  [['--concurrency', 'many'], ['--concurrency: Invalid input: expected number, received NaN']],
  [['--context', 'canal'], ['--context: says which context of a kubeconfig: give --kubeconfig too']],
  [
    ['--config', '/nowhere/config.yaml', '--speed'],
    ['--speed: there is no such flag', '--config: cannot read /nowhere/config.yaml (ENOENT)'],
  ],
])('a wrong flag is explained: %j', (args, mistakes) => {
  expect(mistakesOf(...args)).toEqual(mistakes);
});

test('a flag may be written with = too', () => {
  expect(readConfig(['--log-level=debug', '--instance=a-b'])).toMatchObject({
    logLevel: 'debug',
    instance: 'a-b',
  });
});

test('a file that is not YAML is named', () => {
  const path = file('a: [');
  expect(() => readConfig(['--config', path])).toThrow(`--config: ${path} is not YAML: `);
  expect(mistakesOf('--config', file('just text'))).toEqual([`--config: ${path} must hold a mapping`]);
});

test('an empty file says nothing', () => {
  expect(readConfig(['--config', file('# all as it is\n')])).toEqual(readConfig([]));
});

test('two forges of one name are one too many', () => {
  const one = '{ host: git.example.com, provider: github }';
  expect(mistakesOf('--config', file(`forges: [${one}, ${one}]`))).toEqual(['forges: names a host twice']);
});

test('--help is an answer, not a mistake', () => {
  expect(readConfig(['-h', '--log-level', 'loud'])).toBe('help');
});
