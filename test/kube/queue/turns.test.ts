import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Turns } from '../../../src/kube/queue/turns.ts';

const key = fc.tuple(fc.nat(3), fc.nat(4)).map(([namespace, name]) => `${'abcd'[namespace]}/${name}`);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
);

/** The same in the simplest way: namespaces in their order, each with its keys in theirs. */
class Model {
  lines: { readonly namespace: string; keys: { readonly key: string; readonly since: number }[] }[] = [];

  add(added: string, since: number): void {
    const namespace = added.slice(0, 1);
    let line = this.lines.find((each) => each.namespace === namespace);
    if (line === undefined) this.lines.push((line = { namespace, keys: [] }));
    if (!line.keys.some((each) => each.key === added)) line.keys.push({ key: added, since });
  }

  delete(gone: string): void {
    for (const line of this.lines) line.keys = line.keys.filter((each) => each.key !== gone);
    this.lines = this.lines.filter(({ keys }) => keys.length > 0);
  }

  take(): string | undefined {
    const line = this.lines.shift();
    const taken = line?.keys.shift();
    if (line !== undefined && line.keys.length > 0) this.lines.push(line);
    return taken?.key;
  }

  sinces(): number[] {
    return this.lines.flatMap(({ keys }) => keys.map(({ since }) => since));
  }
}

test('namespaces take turns and keys keep their order, whatever comes and leaves between', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const turns = new Turns();
      const model = new Model();
      for (const [now, each] of steps.entries()) {
        if (each.do === 'add') {
          turns.add(each.key, now);
          model.add(each.key, now);
        } else if (each.do === 'delete') {
          turns.delete(each.key);
          model.delete(each.key);
        } else {
          expect(turns.take()).toBe(model.take());
        }
        const sinces = model.sinces();
        expect(turns.size).toBe(sinces.length);
        expect(turns.oldest()).toBe(sinces.length === 0 ? undefined : Math.min(...sinces));
      }
    }),
    { numRuns: 100 },
  );
});

test("a namespace's only key has at most one key of each other namespace before it", () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 60, size: 'max' }), fc.nat(20), (keys, taken) => {
      const turns = new Turns();
      for (const each of keys) turns.add(each, 0);
      for (let each = 0; each < taken; each += 1) turns.take();
      turns.add('only/1', 0);
      const before: string[] = [];
      for (let next = turns.take(); next !== 'only/1'; next = turns.take())
        before.push(String(next).slice(0, 1));
      expect(new Set(before).size).toBe(before.length);
    }),
  );
});

test('a key without a namespace is in a line of its own kind', () => {
  const turns = new Turns();
  for (const each of ['node-1', 'node-2', 'a/1']) turns.add(each, 0);
  expect([turns.take(), turns.take(), turns.take(), turns.take()]).toEqual([
    'node-1',
    'a/1',
    'node-2',
    undefined,
  ]);
});
