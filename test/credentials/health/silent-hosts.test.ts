import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Credential } from '../../../src/api/credential.ts';
import { CredentialReconciler } from '../../../src/credentials/health/reconcile.ts';
import { SilentHosts } from '../../../src/credentials/health/silent-hosts.ts';
import type { ListedForge } from '../../../src/credentials/listed-forge.ts';
import { ForgeError } from '../../../src/forges/errors.ts';
import { ManualClock, minuteMs, startAcme, type Acme } from '../promoter.ts';
import { readyOf } from './passes.ts';

const host = 'silent.example';
const none = { problem: { reason: 'ForgeUnreachable', message: 'no answer' } } as const;

describe('a host that gave no answer', () => {
  let clock: ManualClock;
  let hosts: SilentHosts;
  beforeEach(() => {
    clock = new ManualClock();
    hosts = new SilentHosts(clock);
  });

  const silence = (ms = 10_000) =>
    hosts.ask(host, () => {
      clock.advance(ms);
      return Promise.resolve(none);
    });

  test('is let alone for 30 seconds, and said to be away once it gave none to a second question', async () => {
    await silence();
    expect(hosts.hold('github.com')).toBeUndefined();
    clock.advance(29_000);
    expect(hosts.hold(host)).toEqual({ until: expect.any(Date) });
    clock.advance(1_000);
    expect(hosts.hold(host)).toBeUndefined();
    await silence();
    expect(hosts.hold(host)?.problem).toMatchObject({
      reason: 'ForgeUnreachable',
      message: 'silent.example does not answer; it is asked again within two minutes',
    });
  });

  test('is then asked one question at a time, and all of them once it answers', async () => {
    await silence();
    clock.advance(30_000);
    const { promise, resolve } = Promise.withResolvers<object>();
    const asking = hosts.ask(host, () => promise);
    expect(hosts.hold(host)).toBeDefined();
    resolve({});
    await asking;
    expect(hosts.hold(host)).toBeUndefined();
  });

  test('is asked again when whoever asked was told to stop', async () => {
    await silence();
    clock.advance(30_000);
    await expect(hosts.ask(host, () => Promise.reject(new Error('stop')))).rejects.toThrow('stop');
    expect(hosts.hold(host)).toBeUndefined();
  });

  test('at once keeps nobody waiting, and is not let alone', async () => {
    await silence(100);
    expect(hosts.hold(host)).toBeUndefined();
  });
});

describe('with forty Credentials on a host that is silent', () => {
  let acme: Acme;
  beforeAll(async () => void (acme = await startAcme()));
  afterAll(() => acme.stop());

  test('few questions wait for it, all say that it is away, and all are well two minutes after it answers', async () => {
    const own = await acme.promoter();
    let isSilent = true;
    let asked = 0;
    const listed: ListedForge = {
      ...acme.listedAs(host),
      provider: {
        ...acme.listed.provider,
        identity: (to) => {
          const identity = acme.listed.provider.identity(to);
          return {
            ...identity,
            findInstallation: (...question) => {
              asked += 1;
              if (!isSilent) return identity.findInstallation(...question);
              own.clock.advance(10_000);
              return Promise.reject(new ForgeError('Unavailable', `${host} failed to answer`));
            },
          };
        },
      },
    };
    const credentials = new Map<string, Credential>();
    for (let each = 0; each < 40; each += 1) {
      const { metadata, spec } = own.credential;
      const name = `c${each}`;
      credentials.set(`apps/${name}`, {
        metadata: { ...metadata, name, uid: name },
        spec: { ...spec, host },
      });
    }
    const reconciler = new CredentialReconciler({
      keyring: own.keyringOf(new Map([[host, listed]])),
      credential: (key) => credentials.get(key),
      uses: own.uses,
      clock: own.clock,
      writePermissions: () => [],
      warningDays: [],
      overPrivileged: () => [],
      announce: () => {},
      writeStatus: ({ metadata }, status) => {
        const key = `apps/${metadata.name}`;
        const before = credentials.get(key);
        const resourceVersion = String(Number(metadata.resourceVersion) + 1);
        if (before !== undefined)
          credentials.set(key, { ...before, metadata: { ...metadata, resourceVersion }, status });
        return Promise.resolve(resourceVersion);
      },
    });
    const dueAt = new Map([...credentials.keys()].map((key) => [key, own.clock.now().getTime()] as const));
    /** Passes as they become due, for so long. */
    const pass = async (forMs: number): Promise<void> => {
      for (const end = own.clock.now().getTime() + forMs; own.clock.now().getTime() < end;) {
        for (const [key, due] of dueAt) {
          if (due > own.clock.now().getTime()) continue;
          const { requeueAfterMs = NaN } = await reconciler.reconcile(key, new AbortController().signal);
          dueAt.set(key, own.clock.now().getTime() + requeueAfterMs);
        }
        own.clock.advance(1_000);
      }
    };
    const words = (): Set<string> =>
      new Set([...credentials.values()].map(({ status = {} }) => readyOf(status).split(':')[0] ?? ''));
    await pass(3 * minuteMs);
    expect(words()).toEqual(new Set(['False ForgeUnreachable']));
    expect(asked).toBeLessThan(8);
    isSilent = false;
    await pass(2 * minuteMs);
    expect(words()).toEqual(new Set(['True Healthy']));
  });
});
