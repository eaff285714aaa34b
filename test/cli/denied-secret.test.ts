import { expect, test } from '@jest/globals';
import { sentence } from '../../src/base/sentence.ts';
import { deniedSecret } from '../../src/cli/denied-secret.ts';

test('the command that grants a Secret is shown whole in a status, with names as long as people make them', () => {
  const [namespace, secret, credential] = [
    'team-payments-promotions',
    'payments-production-promoter-credentials',
    'payments-production-promoter',
  ];
  const shown = sentence(`staging: ${deniedSecret(namespace, secret, credential)}`);
  expect(shown).toMatch(
    /no rule lets the controller get secrets with resourceNames \[payments-production-promoter-credentials\] in team-payments-promotions; /,
  );
  expect(shown).toMatch(
    /lockkeeper rbac payments-production-promoter -n team-payments-promotions \| kubectl apply -f -$/,
  );
});
