import { describe, expect, test } from '@jest/globals';
import { rightsThatMustNotBe } from '../../../src/credentials/rights/must-not.ts';
import { OverPrivilege } from '../../../src/credentials/rights/over-privilege.ts';
import type { Right } from '../../../src/kube/access-review.ts';

const own = "in the controller's namespace";
const workloads = [
  'pods',
  'replicationcontrollers',
  ...['deployments', 'daemonsets', 'statefulsets', 'replicasets'].map((each) => `${each}.apps`),
  'jobs.batch',
  'cronjobs.batch',
];
const never = new AbortController().signal;

/** A right in few characters: `list secrets @apps`. */
function written({ verb, resource, subresource, namespace }: Right): string {
  const thing = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${thing}${namespace === undefined ? '' : ` @${namespace}`}`;
}

/** A controller in namespace `system`, that has what `has` says. */
function controllerWith(
  has: (right: string) => boolean,
  wait?: (ms: number, signal: AbortSignal) => Promise<void>,
) {
  const asked: string[] = [];
  const changes: (readonly string[])[] = [];
  const troubles: unknown[] = [];
  let open = 0;
  const most = { open: 0 };
  const rights = new OverPrivilege({
    namespace: 'system',
    haveRight: async (right) => {
      asked.push(written(right));
      open += 1;
      most.open = Math.max(most.open, open);
      await Promise.resolve();
      open -= 1;
      return has(written(right));
    },
    onChange: (names) => void changes.push(names),
    onTrouble: (thrown) => void troubles.push(thrown),
    ...(wait === undefined ? {} : { wait }),
  });
  return { rights, asked, changes, troubles, most };
}

describe('the rights that the controller must not have', () => {
  test('are at least these', () => {
    const names = rightsThatMustNotBe('system').map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'list secrets',
        'watch secrets',
        `list secrets ${own}`,
        `watch secrets ${own}`,
        'create pods',
        'create pods/exec',
        'get pods/exec',
        'create pods/attach',
        'update pods/ephemeralcontainers',
        'create serviceaccounts/token',
        'impersonate users',
        'impersonate groups',
        'impersonate serviceaccounts',
        'bind clusterroles.rbac.authorization.k8s.io',
        'escalate clusterroles.rbac.authorization.k8s.io',
        'bind roles.rbac.authorization.k8s.io',
        'escalate roles.rbac.authorization.k8s.io',
        'create rolebindings.rbac.authorization.k8s.io',
        'create clusterrolebindings.rbac.authorization.k8s.io',
        'create mutatingwebhookconfigurations.admissionregistration.k8s.io',
        'update validatingwebhookconfigurations.admissionregistration.k8s.io',
        'patch validatingadmissionpolicies.admissionregistration.k8s.io',
        'delete validatingadmissionpolicybindings.admissionregistration.k8s.io',
        'create mutatingadmissionpolicies.admissionregistration.k8s.io',
        'get nodes/proxy',
        'create nodes/proxy',
        'create certificatesigningrequests.certificates.k8s.io',
        'update certificatesigningrequests/approval.certificates.k8s.io',
        'approve signers.certificates.k8s.io',
        'create pipelines.lockkeeper.dev',
        'patch pipelines.lockkeeper.dev',
        'update credentials.lockkeeper.dev',
        'delete credentials.lockkeeper.dev',
        'create persistentvolumes',
        'update namespaces',
        'patch namespaces',
        `patch namespaces ${own}`,
        ...['create', 'update', 'patch'].flatMap((verb) => [
          ...workloads.flatMap((kind) => [`${verb} ${kind}`, `${verb} ${kind} ${own}`]),
          `${verb} configmaps ${own}`,
        ]),
      ]),
    );
    // Those of other namespaces say nothing of where a token is sent.
    expect(names).not.toContain('patch configmaps');
    expect(new Set(names).size).toBe(names.length);
  });

  test('are asked about in its own namespace only where one is known', () => {
    expect(rightsThatMustNotBe(undefined).every(({ namespace }) => namespace === undefined)).toBe(true);
    expect(rightsThatMustNotBe('system').filter(({ namespace }) => namespace === 'system')).not.toEqual([]);
  });
});

describe('the check of them', () => {
  test('knows nothing before it has asked, and nothing is wrong then', async () => {
    const { rights, changes } = controllerWith(() => false);
    expect(rights.current()).toBe('unknown');
    expect(await rights.check(never)).toBe(0);
    expect(rights.current()).toEqual({ rights: [] });
    expect(changes).toEqual([]);
  });

  test('asks a few questions at once', async () => {
    const { rights, most, asked } = controllerWith(() => false);
    await rights.check(never);
    expect(most.open).toBe(4);
    expect(asked).toHaveLength(rightsThatMustNotBe('system').length);
  });

  test('names what is held everywhere once, and tells of each change once', async () => {
    const held = new Set(['list secrets', 'list secrets @system', 'create pods @system']);
    const { rights, changes } = controllerWith((right) => held.has(right));
    await rights.check(never);
    await rights.check(never);
    expect(rights.current()).toEqual({ rights: ['list secrets', `create pods ${own}`] });
    held.clear();
    await rights.check(never);
    expect(changes).toEqual([['list secrets', `create pods ${own}`], []]);
  });

  test('keeps the last answer of a question that has none, and says so', async () => {
    const world = { isDown: false };
    const { rights, changes, troubles } = controllerWith((right) => {
      if (world.isDown) throw new Error('the server does not answer');
      return right === 'create pods';
    });
    await rights.check(never);
    world.isDown = true;
    // What is held everywhere is not asked about in one namespace: so one question fewer.
    expect(await rights.check(never)).toBe(rightsThatMustNotBe('system').length - 1);
    expect(rights.current()).toEqual({ rights: ['create pods'] });
    expect(changes).toEqual([['create pods']]);
    expect(troubles).not.toEqual([]);
  });

  test('knows nothing of a server that never answered', async () => {
    const { rights } = controllerWith(() => {
      throw new Error('the server does not answer');
    });
    await rights.check(never);
    expect(rights.current()).toBe('unknown');
  });

  test('is done each hour, and sooner where a question had no answer', async () => {
    const minutes: number[] = [];
    const world = { hour: 0 };
    const { promise: thirdWait, resolve } = Promise.withResolvers<void>();
    const { rights, changes } = controllerWith(
      (right) => {
        if (world.hour === 1 && right === 'create pods') throw new Error('the server does not answer');
        return world.hour === 2 && right === 'create pods';
      },
      (ms, signal) => {
        minutes.push(Math.round(ms / 60_000));
        world.hour += 1;
        if (world.hour < 3) return Promise.resolve();
        resolve();
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
      },
    );
    await rights.start(never, 1_000);
    await thirdWait;
    await rights.stop();
    const [first = 0, second = 0, third = 0] = minutes;
    expect([first, third].every((each) => each >= 54 && each <= 66)).toBe(true);
    expect(second).toBe(1);
    expect(changes).toEqual([['create pods']]);
  });

  test('ends when it is told to', async () => {
    const { rights, asked } = controllerWith(() => false);
    await rights.start(never, 1_000);
    expect(rights.current()).toEqual({ rights: [] });
    await rights.stop();
    const before = asked.length;
    await rights.stop();
    expect(asked).toHaveLength(before);
  });

  test('is not waited for when the server says nothing', async () => {
    const silent = new OverPrivilege({
      namespace: undefined,
      haveRight: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
      onChange: () => {},
      onTrouble: () => {},
    });
    await silent.start(never, 10);
    expect(silent.current()).toBe('unknown');
    await silent.stop();
  });
});
