import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Credential } from '../../src/api/credential.ts';
import { toTimestamp } from '../../src/base/time.ts';
import { minuteMs, startAcme, type Acme } from '../credentials/promoter.ts';
import { Stage } from './stage.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const other = 'acme-prod';

/** From dev to staging with one Credential, from there to prod with another. */
let own: Stage;
beforeEach(async () => {
  own = new Stage(acme, await acme.promoter(), ['dev', 'staging', 'prod']);
  own.run('prod', '6.1.0');
  promoteProdWith(other);
  say('acme-promoter', healthy);
  say(other, healthy);
});

function promoteProdWith(name: string): void {
  own.changeSpec((spec) => {
    const pullRequest = spec.promotion?.strategy?.pullRequest;
    if (pullRequest === undefined) throw new Error('the Pipeline has no strategy');
    const promotion = { strategy: { pullRequest: { ...pullRequest, credentialRef: { name } } } };
    return {
      ...spec,
      environments: spec.environments.map((each) => (each.name === 'prod' ? { ...each, promotion } : each)),
    };
  });
}

type Condition = NonNullable<NonNullable<Credential['status']>['conditions']>[number];
type Said = Pick<Condition, 'status' | 'reason' | 'message'>;

const healthy: Said = { status: 'True', reason: 'Healthy', message: 'the forge accepts it' };
const expiring: Said = { status: 'True', reason: 'Expiring', message: 'it ends soon' };
const unasked: Said = { status: 'Unknown', reason: 'Unknown', message: 'the forge has not been asked yet' };
const revoked: Said = { status: 'False', reason: 'Revoked', message: 'replace it' };
const exclusive: Said = { status: 'True', reason: 'Exclusive', message: 'nobody else can reach it' };

/** What the status of a Credential says, by its own conditions. */
function say(name: string, ready: Said, alone: Said = exclusive): void {
  const rest = { observedGeneration: 1, lastTransitionTime: toTimestamp(own.own.clock.now()) };
  const { credential } = own.own;
  own.credentials.set(`apps/${name}`, {
    ...credential,
    metadata: { ...credential.metadata, name },
    status: {
      valid: ready.status,
      conditions: [
        { type: 'Ready', ...ready, ...rest },
        { type: 'Exclusive', ...alone, ...rest },
      ],
    },
  });
}

function condition(type: string): string {
  const found = own.stored.status?.conditions?.find((each) => each.type === type);
  return `${found?.status} ${found?.reason}: ${found?.message}`;
}

describe('of a Pipeline that promotes with two Credentials', () => {
  test('the conditions tell of both while they fare alike', async () => {
    await own.pass();
    expect(condition('CredentialHealthy')).toBe(
      'True Healthy: Credentials acme-promoter, acme-prod: the forge accepts it',
    );
    expect(condition('CredentialExclusive')).toBe(
      'True Exclusive: Credentials acme-promoter, acme-prod: nobody else can reach it',
    );
  });

  test.each([
    ['acme-promoter', revoked, expiring],
    ['acme-promoter', unasked, healthy],
    [other, revoked, healthy],
    [other, revoked, unasked],
    [other, unasked, expiring],
    [other, expiring, healthy],
  ])('CredentialHealthy is that of %s when it is the worse one', async (name, worse, better) => {
    say('acme-promoter', better);
    say(other, better);
    say(name, worse);
    await own.pass();
    expect(condition('CredentialHealthy')).toBe(
      `${worse.status} ${worse.reason}: Credential ${name}: ${worse.message}`,
    );
  });

  test.each([
    ['Exposed', 'Shared'],
    ['Exposed', 'Exclusive'],
    ['Shared', 'Unknown'],
    ['Unknown', 'Exclusive'],
  ] as const)('CredentialExclusive is %s when the other one is %s', async (worse, better) => {
    const statusOf = { Exclusive: 'True', Unknown: 'Unknown', Shared: 'False', Exposed: 'False' } as const;
    for (const [name, reason] of [
      ['acme-promoter', better],
      [other, worse],
    ] as const)
      say(name, healthy, { status: statusOf[reason], reason, message: `it is ${reason}` });
    await own.pass();
    expect(condition('CredentialExclusive')).toBe(
      `${statusOf[worse]} ${worse}: Credential ${other}: it is ${worse}`,
    );
  });

  test('a Credential that is not there is the worst there is', async () => {
    say('acme-promoter', expiring);
    own.credentials.delete(`apps/${other}`);
    await own.pass();
    expect(condition('CredentialHealthy')).toMatch(
      /^False CredentialNotFound: Credential acme-prod does not/,
    );
  });

  test('neither the use of the other nor that by another Pipeline is shown', async () => {
    const use = (credential: string, pipeline: string): Date => {
      const time = own.own.clock.now();
      own.own.uses.note(`apps/${credential}`, pipeline, { time, by: `${pipeline} prod` });
      return time;
    };
    const first = use('acme-promoter', 'apps/podinfo');
    await own.pass();
    expect(own.stored.status?.credential?.lastUsed).toBe(toTimestamp(first));
    own.own.clock.advance(2 * minuteMs);
    use(other, 'apps/podinfo');
    use('acme-promoter', 'apps/web');
    await own.pass();
    expect(own.stored.status?.credential?.lastUsed).toBe(toTimestamp(first));
    const second = use('acme-promoter', 'apps/podinfo');
    await own.pass();
    expect(own.stored.status?.credential?.lastUsed).toBe(toTimestamp(second));
  });
});

test('a Pipeline that names another Credential does not show when it used the one before', async () => {
  promoteProdWith('acme-promoter');
  own.run('dev', '6.2.0');
  await own.settle();
  expect(own.stored.status?.credential?.lastUsed).toBeDefined();
  own.changeSpec((spec) => {
    const pullRequest = spec.promotion?.strategy?.pullRequest;
    if (pullRequest === undefined) throw new Error('the Pipeline has no strategy');
    const strategy = { pullRequest: { ...pullRequest, credentialRef: { name: 'missing' } } };
    return { ...spec, promotion: { ...spec.promotion, strategy } };
  });
  await own.pass();
  expect(own.stored.status?.credential).toEqual({ name: 'missing', valid: 'Unknown', access: 'Unknown' });
  expect(own.stored.status?.summary?.credential).toBe('missing, not used yet');
});
