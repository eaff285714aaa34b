import { expect, test } from '@jest/globals';
import { sentence } from '../../src/base/sentence.ts';
import { deniedSecret } from '../../src/cli/denied-secret.ts';

const denied = {
  namespace: 'apps',
  secret: 'key',
  credential: 'promoter',
  controller: { namespace: 'lockkeeper-system', name: 'lockkeeper-controller' },
};

test('a denied Secret is told with the command that grants it, and the rule that is missing', () => {
  expect(deniedSecret(denied)).toBe(
    'run lockkeeper rbac promoter -n apps | kubectl apply -f -; no rule lets the controller get secrets with resourceNames [key] in apps',
  );
});

test.each<[string, { readonly namespace: string; readonly name: string } | undefined, string]>([
  [
    'of another release',
    { namespace: 'platform', name: 'lockkeeper-controller' },
    ' --controller-namespace platform',
  ],
  [
    'of no chart',
    { namespace: 'platform', name: 'keeper' },
    ' --controller-namespace platform --controller-service-account keeper',
  ],
  ['of another name', { ...denied.controller, name: 'keeper' }, ' --controller-service-account keeper'],
  ['that is not known', undefined, ''],
])('the command names a controller %s', (_, controller, flags) => {
  expect(deniedSecret({ ...denied, controller })).toContain(
    `run lockkeeper rbac promoter -n apps${flags} | kubectl apply -f -; `,
  );
});

test('the command is shown whole in a status, with names as long as a label', () => {
  const long = (start: string): string => start.padEnd(63, 'x');
  const [namespace, credential] = ['team-payments-promotions', long('payments-')];
  const controller = { namespace: 'platform-team-lockkeeper', name: 'lockkeeper-controller' };
  const words = deniedSecret({ namespace, secret: long('key-'), credential, controller });
  expect(sentence(`production: ${words}`)).toContain(
    `run lockkeeper rbac ${credential} -n ${namespace} --controller-namespace ${controller.namespace} | kubectl apply -f -; `,
  );
});
