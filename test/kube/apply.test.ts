import { expect, test } from '@jest/globals';
import { applyStatus } from '../../src/kube/apply.ts';
import { KubeError } from '../../src/kube/errors.ts';
import type { Request } from '../../src/kube/transport/transport.ts';

const boats = { group: 'canal.test', version: 'v1', plural: 'boats' };

test('an object that changes all the time is given up as a conflict, for a later pass', async () => {
  const asked: Request[] = [];
  const call = (request: Request): Promise<unknown> => {
    asked.push(request);
    return request.method === 'GET'
      ? Promise.resolve({ items: [{ metadata: { uid: 'u', resourceVersion: String(asked.length) } }] })
      : Promise.reject(new KubeError('Conflict', 'the object has been modified'));
  };
  const write = {
    resource: boats,
    kind: 'Boat',
    metadata: { namespace: 'canal', name: 'anna', uid: 'u', resourceVersion: '0' },
    status: { level: 1 },
    fieldManager: 'keeper',
    isDecidedUpon: () => true,
  };
  await expect(applyStatus({ call }, write, new AbortController().signal)).rejects.toMatchObject({
    code: 'Conflict',
  });
  expect(asked.filter(({ method }) => method === 'PATCH')).toHaveLength(4);
});
