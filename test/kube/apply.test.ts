import { expect, test } from '@jest/globals';
import { Secret } from '../../src/base/secret.ts';
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

test('no status holds a secret, whoever put it there', async () => {
  const token = new Secret('planted-Zq8Wn4Xv7Rb2Kd9T').expose();
  const sent: unknown[] = [];
  const call = ({ body }: Request): Promise<unknown> => {
    sent.push(body);
    return Promise.resolve({ metadata: { uid: 'u', resourceVersion: '1' } });
  };
  const write = {
    resource: boats,
    kind: 'Boat',
    metadata: { namespace: 'canal', name: 'anna', uid: 'u', resourceVersion: '0' },
    status: { level: 1, conditions: [{ type: 'Ready', message: `opened by ${token}` }] },
    fieldManager: 'keeper',
    isDecidedUpon: () => true,
  };
  await applyStatus({ call }, write, new AbortController().signal);
  expect(sent).toMatchObject([
    { status: { level: 1, conditions: [{ type: 'Ready', message: 'opened by [redacted]' }] } },
  ]);
});
