import { describe, expect, test } from '@jest/globals';
import { keyOf, Store } from '../../../src/kube/reflector/store.ts';
import { boat, type Boat } from '../boat.ts';

function storeOf(...boats: readonly Boat[]): Store<Boat> {
  const store = new Store<Boat>(({ harbour }) => [harbour]);
  for (const each of boats) store.set(each);
  return store;
}

describe('a store tells what it changed', () => {
  test('a new object is added', () => {
    const store = storeOf();
    expect(store.set(boat())).toEqual([{ kind: 'added', key: 'canal/anna', object: boat() }]);
    expect(store.get('canal/anna')).toEqual(boat());
  });

  test('another version of it is an update, with what was before', () => {
    const [before, object] = [boat({ version: 1 }), boat({ version: 2 })];
    expect(storeOf(before).set(object)).toEqual([{ kind: 'updated', key: 'canal/anna', object, before }]);
  });

  test('the same version again is nothing', () => {
    expect(storeOf(boat()).set(boat())).toEqual([]);
  });

  test('the same version again is an update where versions cannot be trusted', () => {
    const [before, object] = [boat({ harbour: 'Ghent' }), boat({ harbour: 'Bruges' })];
    const store = storeOf(before);
    expect(store.set(object, { isVersionTrusted: false })).toEqual([
      { kind: 'updated', key: 'canal/anna', object, before },
    ]);
    expect([store.indexed('Ghent'), store.indexed('Bruges')]).toEqual([[], ['canal/anna']]);
  });

  test('another object under the same name is a deletion and an addition', () => {
    const [before, object] = [boat({ uid: 'a', version: 1 }), boat({ uid: 'b', version: 1 })];
    const store = storeOf(before);
    expect(store.set(object)).toEqual([
      { kind: 'deleted', key: 'canal/anna', object: before },
      { kind: 'added', key: 'canal/anna', object },
    ]);
    expect(store.get('canal/anna')).toBe(object);
  });

  test('a deletion shows what was there, and a second one is nothing', () => {
    const store = storeOf(boat());
    expect(store.delete('canal/anna')).toEqual([{ kind: 'deleted', key: 'canal/anna', object: boat() }]);
    expect(store.delete('canal/anna')).toEqual([]);
    expect(store.size).toBe(0);
  });
});

test('one name in two namespaces is two objects, and one in none is a third', () => {
  const store = storeOf(boat(), boat({ namespace: 'sea' }), boat({ namespace: '' }));
  expect([...store.keys()]).toEqual(['canal/anna', 'sea/anna', '/anna']);
});

describe('an index', () => {
  test('finds all objects that carry a name', () => {
    const store = storeOf(boat({ name: 'a' }), boat({ name: 'b' }), boat({ name: 'c', harbour: 'Delft' }));
    expect(store.indexed('Ghent')).toEqual(['canal/a', 'canal/b']);
    expect(store.indexed('Rome')).toEqual([]);
    store.delete('canal/a');
    expect(store.indexed('Ghent')).toEqual(['canal/b']);
  });

  test('follows an object to another name, and forgets it with the object', () => {
    const store = storeOf(boat());
    store.set(boat({ version: 2, harbour: 'Delft' }));
    expect([store.indexed('Ghent'), store.indexed('Delft')]).toEqual([[], ['canal/anna']]);
    store.delete('canal/anna');
    expect(store.indexed('Delft')).toEqual([]);
  });

  test('follows the name to another object', () => {
    const store = storeOf(boat({ uid: 'a' }));
    store.set(boat({ uid: 'b', harbour: 'Delft' }));
    expect([store.indexed('Ghent'), store.indexed('Delft')]).toEqual([[], ['canal/anna']]);
  });
});

describe('names that cannot be told', () => {
  const nameless = 'nowhere';
  const indexOf = ({ harbour }: Boat): readonly string[] => {
    if (harbour === nameless) throw new Error('no such harbour');
    return [harbour];
  };

  test.each<[string, Boat]>([
    ['a new object', boat({ name: 'bob', harbour: nameless })],
    ['another version', boat({ uid: 'a', version: 2, harbour: nameless })],
    ['another object under the same name', boat({ uid: 'b', harbour: nameless })],
  ])('leave the store as it was, and the next word of it is told: %s', (_, object) => {
    const [before, store] = [boat({ uid: 'a', version: 1 }), new Store<Boat>(indexOf)];
    store.set(before);
    const { checksum } = store;
    expect(() => store.set(object)).toThrow('no such harbour');
    expect([[...store.values()], store.checksum]).toEqual([[before], checksum]);
    expect([store.indexed('Ghent'), store.indexed(nameless)]).toEqual([['canal/anna'], []]);
    const mended = { ...object, harbour: 'Delft' };
    expect(store.set(mended).at(-1)).toMatchObject({ object: mended });
    expect(store.indexed('Delft')).toEqual([keyOf(mended)]);
  });
});
