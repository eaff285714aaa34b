import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseRepositoryUrl } from '../../src/forges/index.ts';
import { call, failureOf } from '../forges/github/opened.ts';
import { startAcme, type Acme } from './promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

/** The operator lists github.com alone, and the Credential is for whatever is asked. */
test.each([
  ['loopback', '127.0.0.1'],
  ['decimal', '2130706433'],
  ['octal', '0177.0.0.1'],
  ['hexadecimal', '0x7f000001'],
  ['short', '127.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['private', '10.0.0.1'],
  ['link-local', '169.254.1.1'],
  ['metadata', '169.254.169.254'],
  ['a trailing dot', 'github.com.'],
  ['an unlisted port', 'github.com:8443'],
  ['the usual port, written out', 'github.com:443'],
  ['a look-alike', 'xn--gthub-n4a.com'],
  ['a look-alike in ASCII', 'glthub.com'],
  ['a name that only begins like a listed one', 'github.com.evil.example'],
  ['a name that only ends like a listed one', 'evil-github.com'],
  ['the API itself', 'api.github.com'],
])(
  'a Pipeline whose url names another host than the operator lists has nothing sent: %s',
  async (_, host) => {
    const { keyring, credential, purpose, secrets, fullName } = await acme.promoter();
    const url = parseRepositoryUrl(`https://${host}/${fullName}`);
    expect(url.host).toBe(host);
    const forIt = { ...credential, spec: { ...credential.spec, host } };
    for (const each of [credential, forIt]) {
      expect(await failureOf(keyring.open(each, { ...purpose, ...url }, call()))).toMatchObject({
        code: 'HostNotAllowed',
        message: expect.stringContaining(`${host} is not on the operator's list of forges (github.com)`),
      });
    }
    expect(await failureOf(keyring.inspect(forIt, call()))).toMatchObject({ code: 'HostNotAllowed' });
    expect(secrets.asked).toEqual([]);
    expect(acme.asked()).toEqual([]);
  },
);
