import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Secret } from '../../../src/base/secret.ts';
import type { Connection } from '../../../src/kube/transport/connection.ts';
import { remoteKubeconfig } from '../../../src/kube/clusters/remote-kubeconfig.ts';
import { Transport } from '../../../src/kube/transport/transport.ts';
import { makeCertificate } from '../../certificate.ts';
import { authority, base64, remoteText } from './remote-kubeconfig-text.ts';
import { startScriptedApi } from '../scripted-api.ts';

const fresh = { fresh: false };

function read(text: string): Connection {
  return remoteKubeconfig(new Secret(text, 'stored'), 'Secret apps/lake');
}

test('a kubeconfig from a Secret says where, with what and how it is checked', () => {
  const { server, tls, token } = read(remoteText());
  expect([server, tls(fresh), token(fresh)?.expose()]).toEqual([
    'https://api.test:6443',
    { ca: authority.cert },
    't0ken',
  ]);
  expect(tls(fresh)).toBe(tls(fresh));
});

test.each<[string, string]>([
  ['in JSON', JSON.stringify(parse(remoteText()))],
  [
    'with what tools note down for themselves',
    remoteText({ cluster: { extensions: [{ name: 'minikube' }] } }),
  ],
  ['with a namespace', remoteText({ context: { namespace: 'apps' } })],
  ['with a comment and Windows line ends', `# lake\n${remoteText()}`.replaceAll('\n', '\r\n')],
  [
    'with base64 in lines',
    remoteText({ cluster: { 'certificate-authority-data': lines(base64(authority.cert)) } }),
  ],
  [
    'with several authorities and a comment',
    remoteText({
      cluster: { 'certificate-authority-data': base64(`# both\n${authority.cert}${makeCertificate().cert}`) },
    }),
  ],
  ['with a slash behind its server', remoteText({ cluster: { server: 'https://api.test:6443/' } })],
])('a kubeconfig from a Secret is taken %s', (_, text) => {
  const { server, token } = read(text);
  expect([server, token(fresh)?.expose()]).toEqual(['https://api.test:6443', 't0ken']);
});

test('a kubeconfig from a Secret may bring as many authorities as a company has', () => {
  const many = Array.from({ length: 200 }, () => authority.cert).join('');
  const text = remoteText({ cluster: { 'certificate-authority-data': lines(base64(many)) } });
  expect(text.length).toBeGreaterThan(128 * 1024);
  expect(read(text).tls(fresh).ca).toBe(many);
});

test('a kubeconfig from a Secret connects with its client certificate and server name', async () => {
  const { cert, key } = makeCertificate('keeper');
  const api = await startScriptedApi(() => ({ body: {} }), { requestCert: true, ca: cert });
  const transport = new Transport(
    read(
      remoteText({
        cluster: {
          server: api.connection.server,
          'certificate-authority-data': base64(api.connection.tls(fresh).ca),
          'tls-server-name': 'api.test',
        },
        user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) },
      }),
    ),
  );
  await transport.call({ method: 'GET', path: '/version', signal: AbortSignal.timeout(10_000) });
  await transport.close();
  await api.close();
  expect(api.asked).toEqual([expect.objectContaining({ client: 'keeper' })]);
  expect(api.asked[0]?.headers.authorization).toBeUndefined();
});

test('a Secret that holds no text is refused', () => {
  expect(() =>
    remoteKubeconfig(new Secret(Buffer.concat([Buffer.from([0xff]), randomBytes(1_000)])), 'SECRET'),
  ).toThrow(
    expect.objectContaining({
      code: 'KubeconfigInvalid',
      message: expect.stringMatching(/^kubeconfig SECRET: is not text; kubectl config view/),
    }),
  );
});

test('no object is changed by a kubeconfig that was refused', () => {
  expect(() => read(`${remoteText()}__proto__: { polluted: yes }\n`)).toThrow('__proto__');
  expect(Object(Object.prototype)).not.toHaveProperty('polluted');
});

function lines(data: string): string {
  return data.replaceAll(/.{64}/g, '$&\n');
}
