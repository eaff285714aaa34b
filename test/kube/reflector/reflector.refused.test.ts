import { afterEach, test } from '@jest/globals';
import { z } from 'zod';
import { boat } from '../boat.ts';
import { eventually } from '../../sandbox/cluster/eventually.ts';
import { Stream } from '../scripted-api.ts';
import { end, event, page, reflecting, type Reflecting, type Script } from './reflecting.ts';

const kept = z.object({ harbour: z.string() });
const broken = (version: number) => ({ ...boat({ name: 'b', version }), harbour: 7 });

let scene: Reflecting;
afterEach(() => scene.close());

async function started(script: Script): Promise<Reflecting> {
  scene = await reflecting({
    project: (object) => {
      kept.parse(object);
      return object as ReturnType<typeof boat>; // as far as the test reads it
    },
    ...script,
  });
  await scene.reflector.start();
  return scene;
}

/** How many it refuses and holds, once it has come to that. */
async function untilIs(refused: number, objects: number): Promise<void> {
  await eventually(`${refused} are refused and ${objects} held`, () => {
    const facts = scene.reflector.facts();
    return facts.refused === refused && facts.objects === objects;
  });
}

test('what cannot be kept counts as refused until it can be, or is deleted', async () => {
  const stream = new Stream();
  await started({ lists: [page([boat({ name: 'a' }), broken(2)])], watches: [stream] });
  await untilIs(1, 1);
  stream.write(event('MODIFIED', boat({ name: 'b', version: 11 })));
  await untilIs(0, 2);
  stream.write(event('MODIFIED', broken(12)));
  await untilIs(1, 1);
  stream.write(event('DELETED', broken(13)));
  await untilIs(0, 1);
});

test.each([
  ['is still there', [broken(2)], 1],
  ['is gone', [], 0],
  ['can be kept', [boat({ name: 'b', version: 20 })], 0],
])('when all is read anew it counts as what it is then: it %s', async (_, items, refused) => {
  const before = [broken(2), boat({ name: 'z' })];
  const expired = event('ERROR', { kind: 'Status', code: 410 });
  const added = (object: object): object => event('ADDED', object);
  for (const script of [
    {
      initial: 'pages' as const,
      lists: [page(before), page(items, { version: 30 })],
      watches: [new Stream().write(expired)],
    },
    {
      initial: 'stream' as const,
      watches: [
        new Stream().write(...before.map(added), end(10), expired),
        new Stream().write(...items.map(added), end(30)),
      ],
    },
  ]) {
    const { changes, close } = await started(script);
    await eventually('all is read anew', () => changes.includes('deleted canal/z@1'));
    await untilIs(refused, items.length - refused);
    await close();
  }
});
