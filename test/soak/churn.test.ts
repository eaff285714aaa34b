import { expect, test } from '@jest/globals';
import { Churn } from './churn.ts';
import { Random } from '../random.ts';

const { signal } = new AbortController();

/** What a server was asked in order, of which every third answer is a failure when it fails. */
async function asked(seed: number, { fails }: { readonly fails: boolean }): Promise<readonly string[]> {
  const lines: string[] = [];
  const objects = 20;
  let calls = 0;
  const cluster = {
    api: async (method: string, path: string, body?: unknown): Promise<never> => {
      if (fails && (calls += 1) % 3 === 0) throw new Error('the server is away');
      lines.push(`${method} ${path} ${JSON.stringify(body)}`);
      const status = { POST: 201, PATCH: 200, DELETE: 200 }[method] ?? 0;
      return { status, body: undefined } as never; // its body is looked at by nobody
    },
  };
  const churn = new Churn({ cluster, random: new Random(seed), objects, perSecond: 1 });
  await churn.settle(signal);
  await churn.some(60, signal);
  await churn.settle(signal);
  const count = (method: string): number => lines.filter((line) => line.startsWith(method)).length;
  expect(count('POST') - count('DELETE')).toBe(objects);
  return lines;
}

test('a seed gives the same operations in the same order', async () => {
  const once = await asked(7, { fails: false });
  expect(await asked(7, { fails: false })).toEqual(once);
  expect(await asked(8, { fails: false })).not.toEqual(once);
});

test('what fails is done again, and changes nothing of what is done in all', async () => {
  const whole = await asked(7, { fails: false });
  expect((await asked(7, { fails: true })).toSorted()).toEqual(whole.toSorted());
});
