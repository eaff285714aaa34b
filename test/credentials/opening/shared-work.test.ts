import { expect, test } from '@jest/globals';
import { SharedWork } from '../../../src/credentials/opening/shared-work.ts';
import { ForgeError } from '../../../src/forges/errors.ts';

test('who asks while it is being done gets the same answer, and who asks later another one', async () => {
  const shared = new SharedWork<number>();
  let done = 0;
  const work = (): Promise<number> => Promise.resolve((done += 1));
  expect(await Promise.all([shared.run('a', work), shared.run('a', work), shared.run('b', work)])).toEqual([
    1, 1, 2,
  ]);
  expect(await shared.run('a', work)).toBe(3);
});

test('what the forge refuses is refused to all who asked', async () => {
  const shared = new SharedWork<number>();
  const refuse = (): Promise<number> => Promise.reject(new ForgeError('NotInstalled', 'install it'));
  const both = await Promise.allSettled([shared.run('a', refuse), shared.run('a', () => Promise.resolve(1))]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('when the one who does it is told to stop, another one of those who asked does it, once', async () => {
  const shared = new SharedWork<number>();
  const stopping = new AbortController();
  const stopped = shared.run(
    'a',
    () =>
      new Promise((_, reject) => {
        stopping.signal.addEventListener('abort', () => reject(stopping.signal.reason));
      }),
  );
  let done = 0;
  const work = (): Promise<number> => Promise.resolve((done += 1));
  const others = [shared.run('a', work), shared.run('a', work)];
  stopping.abort();
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  expect(await Promise.all(others)).toEqual([1, 1]);
});
