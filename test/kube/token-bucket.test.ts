import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TokenBucket } from '../../src/kube/token-bucket.ts';

const perSecond = 10;
const burst = 5;

test('never lets more pass in any time than its burst and its rate allow', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400), { maxLength: 60, size: 'max' }), (waits) => {
      const bucket = new TokenBucket({ perSecond, burst });
      const passed: number[] = [];
      let now = 1_000;
      for (const wait of waits) {
        now += wait;
        while (bucket.take(now)) passed.push(now);
      }
      const surplus = passed.flatMap((from, index) =>
        passed.slice(index).map((to, more) => more + 1 - burst - ((to - from) * perSecond) / 1_000),
      );
      expect(Math.max(0, ...surplus)).toBeLessThan(1e-3);
    }),
  );
});

test('says when there will be a token: there is one then, and none before', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(150), { minLength: 20, maxLength: 60 }), (waits) => {
      const bucket = new TokenBucket({ perSecond, burst });
      let now = 1_000;
      for (const wait of waits) {
        now += wait;
        const next = bucket.nextAt(now);
        if (next > now) expect(bucket.take(next - 0.1)).toBe(false);
        expect(bucket.take(next)).toBe(true);
        now = next;
      }
    }),
  );
});

test('saves up no more than its burst, however long nobody comes', () => {
  const bucket = new TokenBucket({ perSecond, burst });
  bucket.take(0);
  let passed = 0;
  while (bucket.take(3_600_000)) passed += 1;
  expect(passed).toBe(burst);
});

test('a time that goes backwards gives nothing', () => {
  const bucket = new TokenBucket({ perSecond, burst: 1 });
  expect([bucket.take(1_000), bucket.take(0), bucket.take(999), bucket.take(1_000)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
