import { expect, test } from '@jest/globals';
import { ownAccount } from '../../src/cli/own-account.ts';
import { KubeError } from '../../src/kube/errors.ts';

const { signal } = new AbortController();

/** An API server that answers with each of these in turn: an error, or who asks. */
function server(...answers: readonly (string | KubeError)[]) {
  const asked: string[] = [];
  const troubles: unknown[] = [];
  const call = async ({ method, path }: { readonly method: string; readonly path: string }) => {
    const answer = answers[asked.length];
    asked.push(`${method} ${path}`);
    if (answer instanceof KubeError) throw answer;
    return await Promise.resolve({ status: { userInfo: { username: answer } } });
  };
  return { asked, troubles, account: ownAccount({ call }, (thrown) => troubles.push(thrown)) };
}

test('we run as whom the API server says, who is asked once', async () => {
  const { asked, account } = server('system:serviceaccount:platform:lockkeeper-controller');
  const platform = { namespace: 'platform', name: 'lockkeeper-controller' };
  expect(await account(signal)).toEqual(platform);
  expect(await account(signal)).toEqual(platform);
  expect(asked).toEqual(['POST /apis/authentication.k8s.io/v1/selfsubjectreviews']);
});

test.each(['ada', 'system:serviceaccount:platform', 'system:node:n1'])(
  'a login that is no service account is none: %s',
  async (username) => expect(await server(username).account(signal)).toBeUndefined(),
);

test('an answer that does not come is told of, and asked for again', async () => {
  const away = new KubeError('Unavailable', 'POST: away');
  const { troubles, account } = server(away, 'system:serviceaccount:apps:keeper');
  expect(await account(signal)).toBeUndefined();
  expect(troubles).toEqual([away]);
  expect(await account(signal)).toEqual({ namespace: 'apps', name: 'keeper' });
});

test('whoever must end does not go on without it', async () => {
  const stopped = AbortSignal.abort(new Error('stopped'));
  const { troubles, account } = server(new KubeError('Timeout', 'POST: aborted'));
  await expect(account(stopped)).rejects.toThrow('stopped');
  expect(troubles).toEqual([]);
});
