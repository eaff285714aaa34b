import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { stringify } from 'yaml';
import { readKubeconfig } from '../../../src/kube/clusters/kubeconfig.ts';
import type { Connection } from '../../../src/kube/transport/connection.ts';
import { Transport } from '../../../src/kube/transport/transport.ts';
import { makeCertificate } from '../../certificate.ts';
import { startScriptedApi } from '../scripted-api.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockkeeper-kubeconfig-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  /** In place of the whole. */
  readonly more?: object;
}

/** The path of a kubeconfig that is right but for the parts. */
function kubeconfig({ cluster = {}, user = { token: 't0ken' }, more = {} }: Parts = {}): string {
  const server = { server: 'https://api.test:6443', 'certificate-authority-data': base64('CA') };
  return file(
    'config',
    stringify(
      {
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'canal',
        contexts: [{ name: 'canal', context: { cluster: 'canal', user: 'keeper', namespace: 'apps' } }],
        clusters: [{ name: 'canal', cluster: { ...server, ...cluster } }],
        users: [{ name: 'keeper', user }],
        ...more,
      },
      { aliasDuplicateObjects: false },
    ),
  );
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The sentence with which the file is refused, without its own path. */
function refusalOf(path: string, context?: string): string {
  try {
    readKubeconfig(path, context);
  } catch (thrown) {
    const { code, message } = Object(thrown) as { code?: unknown; message?: unknown }; // whatever was thrown
    expect(code).toBe('KubeconfigInvalid');
    return String(message).replace(path, 'FILE');
  }
  throw new Error('it was taken');
}

describe('a kubeconfig is taken', () => {
  test('with a token', () => {
    const { server, tls, token } = readKubeconfig(kubeconfig());
    expect([server, token({ fresh: false })?.expose(), tls({ fresh: false })]).toEqual([
      'https://api.test:6443',
      't0ken',
      { ca: 'CA' },
    ]);
  });

  test('with a file that holds the token, which wins, and is read anew when it was refused', () => {
    const path = file('token', 'first\n');
    const { token } = readKubeconfig(kubeconfig({ user: { token: 'other', tokenFile: 'token' } }));
    expect(token({ fresh: false })?.expose()).toBe('first');
    writeFileSync(path, 'second\n');
    expect(token({ fresh: false })?.expose()).toBe('first');
    expect(token({ fresh: true })?.expose()).toBe('second');
  });

  test('with a file that holds the token, which may be away for a while', () => {
    const path = file('token', 'first');
    const troubles: string[] = [];
    const user = { tokenFile: 'token' };
    const { token } = readKubeconfig(kubeconfig({ user }), undefined, ({ message }) => {
      troubles.push(message);
    });
    rmSync(path);
    expect(token({ fresh: true })?.expose()).toBe('first');
    expect(token({ fresh: true })?.expose()).toBe('first');
    expect(troubles).toEqual([`cannot read ${path} (ENOENT)`]);
  });

  describe('with files beside it,', () => {
    const [first, second] = [makeCertificate('first'), makeCertificate('second')];
    const troubles: string[] = [];
    const opened = (): Connection => {
      file('ca.crt', 'first CA');
      file('client.crt', first.cert);
      file('client.key', first.key);
      const path = kubeconfig({
        cluster: { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' },
        user: { 'client-certificate': 'client.crt', 'client-key': join(folder, 'client.key') },
      });
      return readKubeconfig(path, undefined, ({ message }) => void troubles.push(message));
    };
    const seen = ({ tls }: Connection, fresh: boolean): (string | undefined)[] => {
      const { ca, clientCertificate } = tls({ fresh });
      return [ca, clientCertificate?.cert, clientCertificate?.key.expose()];
    };
    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => {
      jest.useRealTimers();
      troubles.length = 0;
    });

    test('which are followed as others replace them', () => {
      const connection = opened();
      expect(seen(connection, false)).toEqual(['first CA', first.cert, first.key]);
      expect(connection.tls({ fresh: false })).toBe(connection.tls({ fresh: false }));
      file('ca.crt', 'second CA');
      expect(seen(connection, true)).toEqual(['second CA', first.cert, first.key]);
      file('client.crt', second.cert);
      file('client.key', second.key);
      jest.advanceTimersByTime(59_000);
      expect(seen(connection, false)).toEqual(['second CA', first.cert, first.key]);
      jest.advanceTimersByTime(2_000);
      expect(seen(connection, false)).toEqual(['second CA', second.cert, second.key]);
    });

    test('of which a certificate and a key stay in use until both are replaced', () => {
      const connection = opened();
      seen(connection, false);
      file('client.crt', second.cert);
      expect(seen(connection, true)).toEqual(['first CA', first.cert, first.key]);
      expect(seen(connection, false)).toEqual(['first CA', first.cert, first.key]);
      file('client.key', second.key);
      expect(seen(connection, true)).toEqual(['first CA', second.cert, second.key]);
    });

    test('of which a certificate is replaced before its key, which is told to nobody', () => {
      const connection = opened();
      seen(connection, false);
      file('client.crt', second.cert);
      jest.advanceTimersByTime(61_000);
      for (let request = 0; request < 3; request += 1)
        expect(seen(connection, false)).toEqual(['first CA', first.cert, first.key]);
      file('client.key', second.key);
      jest.advanceTimersByTime(61_000);
      expect(seen(connection, false)).toEqual(['first CA', second.cert, second.key]);
      expect(troubles).toEqual([]);
    });

    test('of which a certificate and a key that still do not belong together are told of, once', () => {
      const connection = opened();
      seen(connection, false);
      file('client.crt', second.cert);
      seen(connection, true);
      expect(troubles).toEqual([]);
      for (let time = 0; time < 2; time += 1)
        expect(seen(connection, true)).toEqual(['first CA', first.cert, first.key]);
      expect(troubles).toEqual([
        expect.stringMatching(
          /^kubeconfig .*: the files of its client-certificate and client-key do not belong /,
        ),
      ]);
    });

    test('which may be away for a while, and that is told of once', () => {
      const connection = opened();
      const paths = ['ca.crt', 'client.crt', 'client.key'].map((name) => join(folder, name));
      for (const path of paths) rmSync(path);
      for (let time = 0; time < 2; time += 1)
        expect(seen(connection, true)).toEqual(['first CA', first.cert, first.key]);
      expect(troubles).toEqual(paths.map((path) => `cannot read ${path} (ENOENT)`));
    });
  });

  test('with a client certificate, which the server sees', async () => {
    const { cert, key } = makeCertificate('keeper');
    const api = await startScriptedApi(() => ({ body: {} }), { requestCert: true, ca: cert });
    const connection = readKubeconfig(
      kubeconfig({
        cluster: {
          server: api.connection.server,
          'certificate-authority-data': base64(api.connection.tls({ fresh: false }).ca),
          'tls-server-name': 'api.test',
        },
        user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) },
      }),
    );
    expect(connection.tls({ fresh: false }).serverName).toBe('api.test');
    const transport = new Transport(connection);
    await transport.call({ method: 'GET', path: '/version', signal: AbortSignal.timeout(10_000) });
    await transport.close();
    await api.close();
    expect(api.asked).toEqual([expect.objectContaining({ client: 'keeper' })]);
    expect(api.asked[0]?.headers.authorization).toBeUndefined();
  });

  test('for the context that is asked for', () => {
    const contexts = [{ name: 'lake', context: { cluster: 'lake', user: 'keeper' } }];
    const clusters = [
      { name: 'lake', cluster: { server: 'https://lake.test', 'certificate-authority-data': base64('CA') } },
    ];
    expect(readKubeconfig(kubeconfig({ more: { contexts, clusters } }), 'lake').server).toBe(
      'https://lake.test',
    );
  });

  test('with what tools note down for themselves', () => {
    const extensions = [{ name: 'minikube', extension: { version: 'v1.38' } }];
    expect(
      readKubeconfig(kubeconfig({ cluster: { extensions }, user: { token: 't0ken', extensions } })).server,
    ).toBe('https://api.test:6443');
  });
});

describe('a kubeconfig is refused', () => {
  test.each<[string, object, string]>([
    [
      'a program',
      { exec: { command: 'aws', args: ['canary'] } },
      'has exec, which is not supported: no program is run here; use a token (kubectl create token) or a client certificate',
    ],
    [
      'an auth-provider',
      { 'auth-provider': { name: 'gcp', config: { 'cmd-path': 'canary' } } },
      'has auth-provider, which is not supported: no program is run here; use a token (kubectl create token) or a client certificate',
    ],
    [
      'a password',
      { username: 'canary', password: 'canary' },
      'has username, which is not supported: API servers take no passwords any more; use a token (kubectl create token)',
    ],
    [
      'somebody to impersonate',
      { token: 'canary', as: 'admin' },
      'has as, which is not supported: who connects acts as itself; grant it what it needs',
    ],
    [
      'a token that is no text',
      { token: { canary: 1 } },
      'token: Invalid input: expected string, received object',
    ],
  ])('for %s of its user', (_, user, what) => {
    const sentence = refusalOf(kubeconfig({ user }));
    expect(sentence).toBe(`kubeconfig FILE: user keeper${what.startsWith('has ') ? '' : ':'} ${what}`);
  });

  test.each<[object, string]>([
    [{}, 'user keeper has no token, tokenFile or client-certificate'],
    [
      { 'client-certificate-data': base64('canary') },
      'user keeper must have both client-certificate and client-key, or neither',
    ],
    [
      { token: 'canary', 'client-key-data': base64('canary') },
      'user keeper must have both client-certificate and client-key, or neither',
    ],
  ])('for credentials that are not whole: %j', (user, what) => {
    expect(refusalOf(kubeconfig({ user }))).toBe(`kubeconfig FILE: ${what}`);
  });

  test.each([
    ['http://api.test:6443'],
    ['https://canary:canary@api.test'],
    ['https://canary@api.test'],
    ['https://rancher.test/k8s/clusters/c-1'],
    ['https://api.test?canary=1'],
    ['api.test:6443'],
    ['ftp://api.test'],
    [''],
  ])('for the server "%s", without repeating it', (server) => {
    expect(refusalOf(kubeconfig({ cluster: { server } }))).toBe(
      'kubeconfig FILE: cluster canal: server must be https://host:port, with no user, path or query',
    );
  });

  test.each<[object, string]>([
    [
      { 'insecure-skip-tls-verify': true },
      'cluster canal has insecure-skip-tls-verify, which is not supported: give certificate-authority-data instead: a token goes only to a server that is checked',
    ],
    [
      { 'proxy-url': 'http://canary@proxy.test' },
      'cluster canal has proxy-url, which is not supported: the API server is spoken to directly',
    ],
    [{ 'certificate-authority-data': undefined }, 'cluster canal has no certificate-authority'],
    [{ server: undefined }, 'cluster canal: server: Invalid input: expected string, received undefined'],
  ])('for a cluster with %j', (cluster, what) => {
    expect(refusalOf(kubeconfig({ cluster }))).toMatch(`kubeconfig FILE: ${what}`);
  });

  test('for a file that it names and that is not there', () => {
    const cluster = { 'certificate-authority-data': undefined, 'certificate-authority': 'none.crt' };
    expect(refusalOf(kubeconfig({ cluster }))).toBe(
      `kubeconfig FILE: its certificate-authority: cannot read ${join(folder, 'none.crt')} (ENOENT)`,
    );
    const path = join(folder, 'none');
    expect(() => readKubeconfig(kubeconfig({ user: { tokenFile: 'none' } }))).toThrow(
      expect.objectContaining({ code: 'NotInCluster', message: `cannot read ${path} (ENOENT)` }),
    );
  });

  test.each<[string, object, string | undefined, string]>([
    [
      'none is current',
      { 'current-context': '' },
      undefined,
      'no context is current; name one with --context: canal',
    ],
    [
      'there is none',
      { 'current-context': undefined, contexts: [] },
      undefined,
      'no context is current; name one with --context: none',
    ],
    ['it has another name', {}, 'lake', 'there is no context lake; it has: canal'],
    ['its cluster is missing', { clusters: [] }, undefined, 'there is no cluster canal; it has: none'],
    ['its user is missing', { users: [] }, undefined, 'there is no user keeper; it has: none'],
    [
      'it is empty',
      { contexts: [{ name: 'canal' }] },
      undefined,
      'context canal: cluster: Invalid input: expected string, received undefined',
    ],
  ])('for its context, when %s', (_, more, context, what) => {
    expect(refusalOf(kubeconfig({ more }), context)).toBe(`kubeconfig FILE: ${what}`);
  });

  test.each([
    ['token: "canary\n  - [', ': cannot be read as YAML (MISSING_CHAR)'],
    [
      'users: &a [{ name: canary }]\ncontexts: *a',
      ': has an alias (*); write the value itself where it belongs',
    ],
    ['token: canary\n---\ntoken: canary', ': holds more than one document; keep one'],
    ['users: []\nusers: [{ name: canary }]', ': has users twice in one place; keep one'],
    ['users: []\ntoString: canary', ' has toString, which is not supported'],
    ['', ': Invalid input: expected object, received null'],
    ['just text', ': Invalid input: expected object, received string'],
    ['{}', ': contexts: Invalid input: expected array, received undefined'],
  ])('for text that is none: %j', (text, what) => {
    expect(refusalOf(file('config', text))).toBe(`kubeconfig FILE${what}`);
  });

  test('for not being there', () => {
    expect(refusalOf(join(folder, 'nowhere'))).toBe('kubeconfig FILE: cannot be read (ENOENT)');
  });
});
