import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checksumOf } from '../../../src/kube/reflector/checksum.ts';
import { Store } from '../../../src/kube/reflector/store.ts';
import { boat, type Boat } from '../boat.ts';

const some = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  namespace: fc.constantFrom('canal', 'sea', ''),
  uid: fc.constantFrom('1', '2'),
  version: fc.integer({ min: 1, max: 5 }),
});
const changes = fc.array(fc.record({ boat: some, isThere: fc.boolean() }), { maxLength: 40 });

function checksumOfAll(boats: Iterable<Boat>): number {
  const store = new Store<Boat>();
  for (const each of boats) store.set(each);
  return store.checksum;
}

test('the checksum of a store is that of what it holds, however it came to hold it', () => {
  fc.assert(
    fc.property(changes, (course) => {
      const store = new Store<Boat>();
      for (const { boat: parts, isThere } of course) {
        if (isThere) store.set(boat(parts));
        else store.delete(`${parts.namespace}/${parts.name}`);
        expect(store.checksum).toBe(checksumOfAll([...store.values()].toReversed()));
      }
    }),
  );
});

test('it is that of nothing again when all is gone, and of one object that of the object', () => {
  const store = new Store<Boat>();
  expect(store.checksum).toBe(0);
  store.set(boat());
  expect(store.checksum).toBe(checksumOf(boat().metadata));
  store.delete('canal/anna');
  expect(store.checksum).toBe(0);
});

test.each<[string, readonly Boat[], readonly Boat[]]>([
  ['a version that was missed', [boat({ version: 9 })], [boat({ version: 10 })]],
  [
    'one version too many and one too few',
    [boat({ name: 'a', version: 1 }), boat({ name: 'b', version: 2 })],
    [boat({ name: 'a', version: 2 }), boat({ name: 'b', version: 1 })],
  ],
  ['another object under the same name', [boat({ uid: 'a' })], [boat({ uid: 'b' })]],
  ['one that was deleted', [boat({ name: 'a' }), boat({ name: 'b' })], [boat({ name: 'a' })]],
  [
    'names that are the same when joined',
    [boat({ name: 'b-c', namespace: 'a', uid: '' })],
    [boat({ name: 'c', namespace: 'a-b', uid: '' })],
  ],
])('it tells %s', (_, held, there) => {
  expect(checksumOfAll(held)).not.toBe(checksumOfAll(there));
});

test('100,000 versions of objects have as many checksums as chance gives, and none that stand close together cancel out', () => {
  const all = Array.from({ length: 100_000 }, (_, version) => checksumOf(boat({ version }).metadata));
  // About one pair among so many is expected to be the same in 32 bits.
  expect(new Set(all).size).toBeGreaterThan(99_990);
  const steps = all.slice(1).map((sum, index) => (sum - (all[index] ?? 0)) >>> 0);
  expect(new Set(steps).size).toBeGreaterThan(99_980);
});
