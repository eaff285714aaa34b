import { expect, test } from '@jest/globals';
import { Endings } from './endings.ts';

test('the last that was started ends first, and one that fails keeps no other from its end', async () => {
  const endings = new Endings();
  const ended: string[] = [];
  const end = (name: string, failure?: string) => async (): Promise<void> => {
    await Promise.resolve();
    ended.push(name);
    if (failure !== undefined) throw new Error(failure);
  };
  endings.push(end('folder'));
  endings.push(end('cluster', 'second'));
  endings.push(end('controller', 'first'));
  await expect(endings.run()).rejects.toThrow('first');
  expect(ended).toEqual(['controller', 'cluster', 'folder']);
  await endings.run();
  expect(ended).toHaveLength(3);
});
