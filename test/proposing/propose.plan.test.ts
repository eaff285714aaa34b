import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { callsOf } from '../../src/forges/budget/calls-of.ts';
import type { Plan } from '../../src/forges/plan.ts';
import type { Hands } from '../../src/proposing/propose.ts';
import { startAcme, type Acme } from '../credentials/promoter.ts';
import { Stage } from './stage.ts';

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

/** What was planned for each act, and what it sent that creates content. */
class Acts {
  readonly planned: number[] = [];
  readonly sent: number[] = [];
  readonly changes: (readonly string[])[] = [];

  readonly watching =
    (write: Hands['write']): Hands['write'] =>
    async (act, plan: Plan = {}) => {
      this.planned.push(callsOf(plan));
      this.changes.push(plan.changes ?? []);
      const before = acme.asked().length;
      const answer = await write(act, plan);
      const own = acme.asked().slice(before);
      const creates = own.filter((route) => /^(POST|PATCH) /.test(route) && !route.endsWith('access_tokens'));
      this.sent.push(creates.filter((route) => route !== 'POST /graphql repository').length);
      return answer;
    };
}

describe('an act plans exactly what it sends', () => {
  test('for a new pull request, and one in its place', async () => {
    const own = new Stage(acme, await acme.promoter());
    const acts = new Acts();
    const write = acts.watching;
    await own.propose('6.2.0', { write });
    await own.propose('6.3.0', { write });
    expect(acts.planned).toEqual([4, 4]);
    expect(acts.sent).toEqual(acts.planned);
    expect(acts.changes[0]).toEqual(['apps/podinfo/staging/release.yaml']);
  });

  test('with labels and reviewers, also where only these are missing', async () => {
    const own = new Stage(acme, await acme.promoter());
    const acts = new Acts();
    const place = { labels: ['promotion'], reviewers: ['ada'] };
    const run = { write: acts.watching, place };
    await own.propose('6.2.0', run);
    own.forgetEnd();
    await own.propose('6.2.0', run);
    expect(acts.planned).toEqual([6, 2]);
    expect(acts.sent).toEqual(acts.planned);
  });

  test('where the branch is there and the pull request is not', async () => {
    const own = new Stage(acme, await acme.promoter());
    const acts = new Acts();
    const lost = acme.forge.faults.add({
      route: 'POST /repos/{owner}/{repo}/pulls',
      effect: { kind: 'lostRequest' },
    });
    await expect(own.run('6.2.0')).rejects.toMatchObject({ code: 'Unavailable' });
    lost();
    await own.propose('6.2.0', { write: acts.watching });
    expect([acts.planned, acts.sent]).toEqual([[1], [1]]);
  });
});
