import { expect, describe, test } from '@jest/globals';
import type { Endpoint } from '../../src/forges/connection.ts';
import { addressRefusal, requestRefusal } from '../../src/forges/outbound.ts';

const github: Endpoint = { host: 'github.com', provider: 'github', apiUrl: 'https://api.github.com' };
const acme: Endpoint = {
  host: 'git.acme.example:8443',
  provider: 'github',
  apiUrl: 'https://git.acme.example:8443/api/v3',
  allowPrivateNetwork: true,
};
const inTheClear: Endpoint = { ...acme, apiUrl: 'http://git.acme.example:8080' };

const plain = { method: 'GET', headers: { 'user-agent': 'lockkeeper', 'Accept-Encoding': 'identity' } };
const withToken = { ...plain, headers: { ...plain.headers, authorization: 'Bearer ghp_secret' } };

function verdict(endpoint: Endpoint, url: string, request: Parameters<typeof requestRefusal>[2]): string {
  const { code, message = 'sent' } = requestRefusal(endpoint, new URL(url), request) ?? {};
  return code === undefined ? message : `${code}: ${message}`;
}

describe("the API's own origin is sent", () => {
  test.each<[string, Endpoint, string]>([
    ['a token', github, 'https://api.github.com/repos/acme/fleet'],
    ['a token, with the port written out', github, 'https://API.github.com:443/graphql'],
    ['a token, on a port of its own', acme, 'https://git.acme.example:8443/api/graphql'],
    [
      'a token in the clear, where the operator lets it be so',
      inTheClear,
      'http://git.acme.example:8080/graphql',
    ],
  ])('%s', (_, endpoint, url) => {
    expect(verdict(endpoint, url, withToken)).toBe('sent');
    expect(verdict(endpoint, url, { ...withToken, method: 'POST', body: '{}' })).toBe('sent');
  });
});

describe('a token, or a body, is not sent to', () => {
  test.each<[string, Endpoint, string]>([
    ['another host', github, 'https://evil.example/repos/acme/fleet'],
    ['the host of archives', github, 'https://codeload.github.com/acme/fleet/legacy.tar.gz/abc'],
    ['an unlisted port', github, 'https://api.github.com:8443/repos/acme/fleet'],
    ['the usual port where another one is listed', acme, 'https://git.acme.example/api/v3'],
    ['another scheme', github, 'http://api.github.com/repos/acme/fleet'],
    ['the name with a trailing dot', github, 'https://api.github.com./repos/acme/fleet'],
    ['a look-alike', github, 'https://api.gіthub.com/repos/acme/fleet'],
    ['a name that only begins like it', github, 'https://api.github.com.evil.example/'],
    ['a name that only ends like it', github, 'https://notapi.github.com.evil.example/'],
    ['an address in decimal', github, 'https://2130706433/'],
  ])('%s', (_, endpoint, url) => {
    const why =
      /^AddressNotAllowed: .*: it is another origin than the API, and would get a credential or a body; /;
    expect(verdict(endpoint, url, withToken)).toMatch(why);
    expect(verdict(endpoint, url, { ...plain, method: 'POST', body: '{}' })).toMatch(why);
    expect(verdict(endpoint, url, { ...plain, method: 'DELETE' })).toMatch(why);
    for (const header of [
      'Authorization',
      'PRIVATE-TOKEN',
      'Cookie',
      'Job-Token',
      'Proxy-Authorization',
      'X-Any',
    ])
      expect(verdict(endpoint, url, { ...plain, headers: { [header]: 'x' } })).toMatch(why);
  });
});

describe('where the link to an archive leads', () => {
  test.each<[string, Endpoint, string]>([
    ['https on its own port', github, 'https://codeload.github.com/acme/fleet/legacy.tar.gz/abc?token=S'],
    ['https with that port written out', github, 'https://codeload.github.com:443/acme'],
    ["the API's own name, on the usual port", acme, 'https://git.acme.example/_codeload/acme'],
    [
      "in the clear on the API's own name, where the API is in the clear",
      inTheClear,
      'http://git.acme.example:9/a',
    ],
  ])('it is asked for without a credential: %s', (_, endpoint, url) => {
    expect(verdict(endpoint, url, plain)).toBe('sent');
  });

  test.each<[string, Endpoint, string, string]>([
    [
      'change of scheme',
      github,
      'http://codeload.github.com/acme',
      'a link may lead to https alone, not to http:',
    ],
    [
      'change of scheme on its own host',
      github,
      'http://api.github.com/',
      'a link may lead to https alone, not to http:',
    ],
    [
      'another scheme',
      github,
      'ftp://codeload.github.com/acme',
      'a link may lead to https alone, not to ftp:',
    ],
    [
      'in the clear elsewhere',
      inTheClear,
      'http://codeload.acme.example/',
      'a link may lead to https alone, not to http:',
    ],
    [
      'an unlisted port',
      github,
      'https://codeload.github.com:22/acme',
      'a link may lead to port 443 alone, not to 22',
    ],
    [
      'an unlisted port of its own host',
      acme,
      'https://git.acme.example:22/',
      'a link may lead to port 443 alone, not to 22',
    ],
    ['a trailing dot', github, 'https://codeload.github.com./acme', 'a name may not end in a dot'],
    [
      'a trailing dot behind an address',
      github,
      'https://127.0.0.1./acme',
      'a link may lead to names alone, not to addresses',
    ],
    [
      'a look-alike',
      github,
      'https://codeload.gіthub.com/',
      'its name has letters that may only look like those of another one',
    ],
    [
      'punycode',
      github,
      'https://xn--gthub-n4a.com/',
      'its name has letters that may only look like those of another one',
    ],
    ['userinfo', github, 'https://ada@codeload.github.com/acme', 'its URL holds a user name or password'],
    [
      'userinfo before its own origin',
      github,
      'https://api.github.com:x@evil.example/',
      'its URL holds a user name or password',
    ],
    [
      'userinfo with its own origin',
      github,
      'https://ada:x@api.github.com/',
      'its URL holds a user name or password',
    ],
    [
      'metadata',
      github,
      'https://169.254.169.254/latest',
      'a link may lead to names alone, not to addresses',
    ],
    ['decimal', github, 'https://2130706433/', 'a link may lead to names alone, not to addresses'],
    ['octal', github, 'https://0177.0.0.1/', 'a link may lead to names alone, not to addresses'],
    ['hexadecimal', github, 'https://0x7f000001/', 'a link may lead to names alone, not to addresses'],
    ['short', github, 'https://127.1/', 'a link may lead to names alone, not to addresses'],
    ['IPv6 loopback', github, 'https://[::1]/', 'a link may lead to names alone, not to addresses'],
    [
      'IPv4-mapped',
      github,
      'https://[::ffff:127.0.0.1]/',
      'a link may lead to names alone, not to addresses',
    ],
  ])('it is not asked: %s', (_, endpoint, url, why) => {
    const shown = new URL(url).host;
    expect(verdict(endpoint, url, plain)).toBe(
      `AddressNotAllowed: ${endpoint.host}: nothing is sent to ${shown}: ${why}; check the forge's apiURL, and what answers there`,
    );
  });

  test('what a stranger has made of a name is cut, and its password is not shown', () => {
    const said = verdict(github, `https://ada:hunter2@${'a.'.repeat(120)}example/`, plain);
    expect(said).not.toContain('hunter2');
    expect(Buffer.byteLength(said)).toBeLessThan(256);
  });
});

describe('an address', () => {
  const refusal = (endpoint: Endpoint, host: string, address: string): string | undefined =>
    addressRefusal(endpoint, host, address)?.message;

  test('that is public may be connected to', () => {
    expect(refusal(github, 'api.github.com', '140.82.121.6')).toBeUndefined();
    expect(refusal(github, 'codeload.github.com', '64:ff9b::8c52:7909')).toBeUndefined();
    expect(refusal(acme, 'objects.example', '2606:50c0:8000::153')).toBeUndefined();
  });

  test('that is private needs the word of the operator, which the message asks for', () => {
    expect(addressRefusal(github, 'api.github.com', '10.0.0.7')).toMatchObject({
      name: 'ForgeError',
      code: 'AddressNotAllowed',
      message:
        'github.com: nothing is sent to api.github.com: it has a private address, and the operator has not allowed that; if the forge is there, set allowPrivateNetwork: true for it',
    });
    expect(refusal(github, '127.0.0.1', '127.0.0.1')).toMatch(
      /^github\.com: nothing is sent to 127\.0\.0\.1: it is a loopback address, /,
    );
    expect(refusal({ ...acme, allowPrivateNetwork: false }, 'git.acme.example', 'fd12::1')).toMatch(
      /private/,
    );
  });

  test('that is private may be connected to on the names that the word of the operator is for', () => {
    for (const host of ['git.acme.example', 'codeload.git.acme.example'])
      expect(refusal(acme, host, '10.0.0.7')).toBeUndefined();
    const byAddress = { ...acme, apiUrl: 'https://[fd12::7]/api/v3' };
    expect(refusal(byAddress, 'fd12::7', 'fd12::7')).toBeUndefined();
    expect(refusal({ ...acme, apiUrl: 'https://api.internal' }, 'api.internal', '127.0.0.1')).toBeUndefined();
    for (const host of ['evil.example', 'evil-git.acme.example', 'acme.example'])
      expect(refusal(acme, host, '10.0.0.7')).toBe(
        `git.acme.example:8443: nothing is sent to ${host}: it has a private address, and a link to an archive may lead to one only below git.acme.example`,
      );
  });

  test.each([
    '169.254.169.254',
    '::ffff:169.254.169.254',
    'fd00:ec2::254',
    '0.0.0.0',
    '224.0.0.1',
    '2002:7f00:1::',
  ])('that no forge has is never connected to: %s', (address) => {
    for (const host of ['git.acme.example', address])
      expect(refusal(acme, host, address)).toMatch(
        / address, where no forge is; correct its name in DNS, or the forge's apiURL$/,
      );
  });
});
