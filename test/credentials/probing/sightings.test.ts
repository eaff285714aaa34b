import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Credential } from '../../../src/api/credential.ts';
import type { CredentialFacts } from '../../../src/credentials/credential.ts';
import { addMs, toTimestamp } from '../../../src/base/time.ts';
import { call } from '../../forges/github/opened.ts';
import type { Permissions } from '../../sandbox/forge/permission-set.ts';
import { Passes, readyOf } from '../health/passes.ts';
import {
  appCredential,
  minuteMs,
  startAcme,
  tokenCredential,
  type Acme,
  type Promoter,
} from '../promoter.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const list = 'GET /orgs/{org}/personal-access-tokens';
let people = 0;

/** A promoter by a fine-grained token, that names apps/org, an App of the organization which may read its list of tokens. */
async function observed(
  permissions: Record<string, 'read'> = { organization_personal_access_tokens: 'read' },
  granted: Permissions = { contents: 'write', pull_requests: 'write' },
) {
  const own = await acme.promoter();
  const { owner } = own.repository;
  const login = `person${(people += 1)}`;
  acme.person(login, own);
  const expiresAt = addMs(new Date(), 90 * 24 * 60 * minuteMs);
  const token = acme.forge.createFineGrainedToken({
    login,
    organization: owner,
    permissions: granted,
    repositories: [own.fullName],
    expiresAt,
  });
  own.secrets.put('apps/acme-promoter', { token });
  const { app, privateKey } = acme.forge.createApp({ slug: `${owner}-observer`, owner, permissions });
  const installation = acme.forge.install(app, owner, [own.fullName]);
  own.secrets.put('apps/org', { appId: String(app.id), privateKey });
  const org = appCredential(own.fullName);
  own.credentials.set('apps/org', {
    metadata: { ...org.metadata, name: 'org' },
    spec: { ...org.spec, githubApp: { secretRef: { name: 'org' } } },
  });
  const usual = tokenCredential(own.fullName);
  const credential: Credential = {
    ...usual,
    spec: { ...usual.spec, lastUsedFrom: { credentialRef: { name: 'org' } } },
  };
  return { own, credential, installation, token };
}

async function probe({ keyring }: Promoter, credential: Credential): Promise<CredentialFacts> {
  return await (await keyring.inspect(credential, call())).probe();
}

function asked(route: string): number {
  return acme.asked().filter((each) => each === route).length;
}

describe('when the forge last saw a token is asked of whom lastUsedFrom names', () => {
  test('with a token that may do that alone, which is dead after it', async () => {
    const { own, credential, installation } = await observed();
    await (
      await own.keyring.open(credential, own.purpose, call())
    ).reader.look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call());
    const facts = await probe(own, credential);
    expect(facts).toMatchObject({ kind: 'token', token: { scope: { verdict: 'Least' } } });
    const minted = acme.forge.world.credentials
      .tokens()
      .flatMap((each) => (each.kind === 'installation' && each.installation === installation ? [each] : []));
    expect(
      minted.map(({ permissions, repositories, revoked }) => ({
        permissions,
        repositories: repositories?.size,
        revoked,
      })),
    ).toEqual([
      {
        permissions: { organization_personal_access_tokens: 'read', metadata: 'read' },
        repositories: 1,
        revoked: true,
      },
    ]);
  });

  test('before it is used to ask with, so that a use by others since then shows, and stays shown', async () => {
    const { own, credential, token } = await observed();
    const passes = new Passes(own, credential);
    for (let times = 0; times < 6; times += 1)
      expect((await passes.pass(10 * minuteMs)).status.lastUsed).toBeUndefined();
    own.clock.advance(7 * minuteMs);
    await fetch(`${acme.forge.urls.api}/user`, { headers: { authorization: `Bearer ${token}` } });
    const stolen = { time: toTimestamp(own.clock.now()), source: 'Forge' };
    for (let times = 0; times < 3; times += 1)
      expect((await passes.pass(4 * minuteMs)).status.lastUsed).toMatchObject(stolen);
    expect((await passes.pass(90 * minuteMs)).status.lastUsed).toMatchObject(stolen);
  });

  test('and what it saw our promotions do is theirs', async () => {
    const { own, credential } = await observed();
    const passes = new Passes(own, credential);
    await passes.pass();
    own.clock.advance(61 * minuteMs);
    const { reader } = await own.keyring.open(credential, own.purpose, call());
    await reader.look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call());
    expect((await passes.pass(4 * minuteMs)).status.lastUsed).toMatchObject({
      by: 'apps/podinfo staging',
      source: 'Controller',
    });
  });

  test('and no call of ours that came to nothing is taken for a use by others', async () => {
    const { own, credential } = await observed();
    const passes = new Passes(own, credential);
    await passes.pass();
    own.clock.advance(61 * minuteMs);
    const { reader } = await own.keyring.open(credential, own.purpose, call());
    const mend = acme.forge.faults.add({
      route: 'POST /graphql',
      count: Infinity,
      effect: { kind: 'lostAnswer' },
    });
    await expect(
      reader.look({ baseBranch: 'main', headBranch: 'x', paths: [] }, call()),
    ).rejects.toMatchObject({ code: 'Unavailable' });
    mend();
    expect((await passes.pass(4 * minuteMs)).status.lastUsed).toBeUndefined();
  });

  test('hourly at most', async () => {
    const { own, credential } = await observed();
    for (let minutes = 0; minutes < 60; minutes += 10) {
      await probe(own, credential);
      own.clock.advance(10 * minuteMs - 1);
    }
    expect(asked(list)).toBe(1);
    own.clock.advance(minuteMs);
    await probe(own, credential);
    expect(asked(list)).toBe(2);
  });

  test('and a refusal too is asked for hourly at most, does not fail the probe, and is told', async () => {
    const { own, credential } = await observed({});
    const mint = 'POST /app/installations/{installation_id}/access_tokens';
    for (let times = 0; times < 3; times += 1) {
      expect(await probe(own, credential)).toMatchObject({
        kind: 'token',
        lastUsedUnknown: expect.stringContaining('organization_personal_access_tokens:read'),
      });
    }
    expect(asked(mint)).toBe(1);
  });

  test('with what promotions were found to take beyond what every one does, at once when that is found', async () => {
    const { own, credential } = await observed();
    expect(await probe(own, credential)).toMatchObject({ token: { scope: { verdict: 'Least' } } });
    const { write } = await own.keyring.open(credential, own.purpose, call());
    await write(() => Promise.resolve(), { changes: ['.github/workflows/ci.yaml'] });
    expect(await probe(own, credential)).toMatchObject({
      token: { scope: { verdict: 'Insufficient', lacking: ['workflows:write'] } },
    });
  });

  test('again with the next probe where the forge did not answer, and what it said before stands until then', async () => {
    const { own, credential } = await observed(undefined, {
      contents: 'write',
      pull_requests: 'write',
      issues: 'write',
    });
    const passes = new Passes(own, credential);
    const before = (await passes.pass()).status;
    expect(readyOf(before)).toMatch(/^True OverScoped: the token also has issues:write/);
    const mend = acme.forge.faults.add({
      route: list,
      count: Infinity,
      effect: { kind: 'status', status: 502 },
    });
    const lost = (await passes.pass(61 * minuteMs)).status;
    expect([readyOf(lost), lost.scope]).toEqual([readyOf(before), before.scope]);
    expect(lost.lastUsedUnknown).toMatch(
      new RegExp(`502.*; what its list says of the token is of ${before.checkedTime}$`),
    );
    const asking = asked(list);
    await passes.pass(9 * minuteMs);
    expect(asked(list)).toBe(asking);
    mend();
    const { status } = await passes.pass(2 * minuteMs);
    expect([readyOf(status), status.lastUsedUnknown]).toEqual([readyOf(before), undefined]);
    expect(passes.announced).toHaveLength(1);
  });

  test('at once when that Credential has another Secret', async () => {
    const { own, credential } = await observed();
    await probe(own, credential);
    own.secrets.put('apps/org', { token: acme.person(`person${(people += 1)}`, own) });
    const org = tokenCredential(own.fullName);
    own.credentials.set('apps/org', {
      metadata: { ...org.metadata, name: 'org' },
      spec: { ...org.spec, token: { secretRef: { name: 'org' } } },
    });
    expect(await probe(own, credential)).toMatchObject({ lastUsedUnknown: expect.any(String) });
    expect(await probe(own, credential)).not.toHaveProperty('lastUsedOnForge');
  });

  test('unless its Secret is not there, which is told', async () => {
    const { own, credential } = await observed();
    own.secrets.remove('apps/org');
    expect(await probe(own, credential)).toMatchObject({
      kind: 'token',
      lastUsedUnknown: 'Secret apps/org is absent',
    });
    expect(asked(list)).toBe(0);
  });

  test('of the same namespace alone', async () => {
    const { own, credential } = await observed();
    const elsewhere = { ...credential, metadata: { ...credential.metadata, namespace: 'eve' } };
    own.secrets.put('eve/acme-promoter', { token: acme.person(`person${(people += 1)}`, own) });
    expect(await probe(own, elsewhere)).toMatchObject({
      lastUsedUnknown:
        'Credential org, which lastUsedFrom names, does not exist; create it or correct the name',
    });
    expect(own.secrets.asked).toEqual(['eve/acme-promoter']);
  });
});
