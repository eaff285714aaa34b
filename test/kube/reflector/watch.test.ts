import { expect, test } from '@jest/globals';
import { watchEvents } from '../../../src/kube/reflector/watch.ts';
import { spread } from '../spread.ts';

test('watches that begin together are not ended together: after five to ten minutes, each at its own time', async () => {
  const asked: number[] = [];
  for (let watch = 0; watch < 300; watch += 1) {
    const events = watchEvents({
      transport: {
        watch: async (_path, query) => {
          asked.push(Number(query['timeoutSeconds']));
          return (async function* () {})();
        },
      },
      resource: { group: 'canal.test', version: 'v1', plural: 'boats' },
      from: '10',
      silenceMs: 180_000,
      firstWordMs: 180_000,
      rereadMs: 10_000,
      signal: new AbortController().signal,
    });
    await events.next();
    await events.return();
  }
  const { least, most } = spread(() => asked.pop() ?? NaN, { times: 300 });
  expect(least).toBeGreaterThanOrEqual(300);
  expect(least).toBeLessThan(330);
  expect(most).toBeGreaterThan(570);
  expect(most).toBeLessThanOrEqual(600);
});
