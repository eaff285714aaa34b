import { describe, expect, test } from '@jest/globals';
import { parseRepositoryUrl } from '../../src/forges/index.ts';

describe("a repository's address", () => {
  test.each([
    ['https://github.com/acme/fleet', 'github.com', 'acme', 'fleet'],
    ['https://github.com/acme/fleet.git', 'github.com', 'acme', 'fleet'],
    ['https://github.com/acme/fleet/', 'github.com', 'acme', 'fleet'],
    ['https://GitHub.com/Acme/Fleet', 'github.com', 'Acme', 'Fleet'],
    ['https://git.acme.example:8443/acme/fleet.config', 'git.acme.example:8443', 'acme', 'fleet.config'],
  ])('%s', (url, host, owner, name) => {
    expect(parseRepositoryUrl(url)).toEqual({ host, repository: { owner, name } });
  });

  test.each([
    'http://github.com/acme/fleet',
    'ssh://git@github.com/acme/fleet',
    'git@github.com:acme/fleet',
    'https://user:ghp_aaaaaaaaaaaaaaaaaaaa@github.com/acme/fleet',
    'https://github.com/acme',
    'https://github.com/acme/fleet/tree/main',
    'https://github.com/acme/fleet?x=1',
    'https://github.com/acme/fleet#x',
    'https://github.com/../fleet',
    'https://github.com/acme/..',
    'https://github.com/acme/.git',
    'https://github.com//fleet',
    'https://github.com\\@evil.example/acme/fleet',
    'https://github.com@evil.example/acme/fleet',
    'https://github.com:x@evil.example/acme/fleet',
    'https://gіthub.com/acme/fleet', // the third letter is Cyrillic
    'https://github。com/acme/fleet',
    'https://github.com%2eevil.example/acme/fleet',
    'https://[::1]/acme/fleet',
    'https://[::ffff:127.0.0.1]/acme/fleet',
    'https:///acme/fleet',
    'https:github.com/acme/fleet',
    'file:///acme/fleet',
    '',
  ])('not %s', (url) => {
    expect(() => parseRepositoryUrl(url)).toThrow(
      'url is not the address of a repository; write it as https://host/owner/name',
    );
  });
});
