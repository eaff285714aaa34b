import { expect, test } from '@jest/globals';
import type { AccessReport, Other, Verdict } from '../../src/auditor/report.ts';
import { accessJson, accessTable, type AuditorWord, type ShownAccess } from '../../src/cli/access-views.ts';

const ada: Other = {
  subject: 'User ada',
  kind: 'User',
  name: 'ada',
  class: 'Read',
  isDirect: true,
  path: ['RoleBinding apps/x', 'Role apps/x', 'get secrets'],
  via: 'RoleBinding apps/x -> Role apps/x -> get secrets',
  ways: [{ class: 'Read', isDirect: true, path: ['RoleBinding apps/x'] }],
  isAnybody: false,
  verbs: ['get'],
};

function shown(
  verdict: AccessReport['verdict'],
  { auditor, notSeen = [] }: Partial<Pick<ShownAccess, 'auditor' | 'notSeen'>> = {},
): ShownAccess {
  const controller = { namespace: 'lockkeeper-system', name: 'lockkeeper-controller' };
  return {
    credential: { namespace: 'apps', name: 'promoter' },
    secret: 'key',
    controller: { ...controller, from: 'Binding' },
    auditor,
    report: {
      verdict,
      others: verdict === 'Exclusive' ? [] : [ada],
      trusted: [],
      baseline: [],
      dormant: [],
      controller: { ...controller, kind: 'ServiceAccount', subject: 'ServiceAccount x', verbs: ['get'] },
    },
    notSeen,
  };
}

const word = (verdict: Verdict, disbelief?: string): AuditorWord => ({
  verdict,
  checkedTime: 'noon',
  message: 'its words',
  disbelief,
});

const all = 'by all roles and bindings of the cluster';
const part = 'by what you may list, which is not all';
const told = 'says the auditor, at noon; you may not list all of it';
const unasked = 'nobody has asked the API server whether it decides by them alone';
const differs = (verdict: Verdict): string =>
  `the auditor said ${verdict} at noon: since then roles or bindings may have changed, or it was told otherwise by --trusted or --flux-locked-down`;
const stale = 'none since noon';
const notSeen = ['clusterroles'];

test.each<[string, ShownAccess, Verdict, string]>([
  ['all is seen, and the auditor says so', shown('Shared', { auditor: word('Shared') }), 'Shared', all],
  [
    'all is seen, and the auditor says so too',
    shown('Exclusive', { auditor: word('Exclusive') }),
    'Exclusive',
    all,
  ],
  [
    'all is seen, and the auditor says better',
    shown('Shared', { auditor: word('Exclusive') }),
    'Shared',
    `${all}; ${differs('Exclusive')}`,
  ],
  [
    'all is seen, and the auditor says worse',
    shown('Exclusive', { auditor: word('Exposed') }),
    'Exclusive',
    `${all}; ${differs('Exposed')}`,
  ],
  [
    'all is seen, and the API server contradicts it',
    shown('Exclusive', { auditor: word('Unknown') }),
    'Unknown',
    'says the auditor: its words',
  ],
  ['all is seen, without an auditor, of others', shown('Exposed'), 'Exposed', all],
  [
    'all is seen, without an auditor, of nobody',
    shown('Exclusive'),
    'Exclusive',
    `${all}; ${unasked}: no auditor has looked`,
  ],
  [
    'all is seen, and the auditor contradicted it long ago',
    shown('Exclusive', { auditor: word('Unknown', stale) }),
    'Exclusive',
    `${all}; ${unasked}: ${stale}`,
  ],
  [
    'all is seen, and the auditor said something long ago',
    shown('Shared', { auditor: word('Exclusive', stale) }),
    'Shared',
    all,
  ],
  [
    'part is seen, and nobody in it',
    shown('Exclusive', { auditor: word('Exposed'), notSeen }),
    'Exposed',
    told,
  ],
  [
    'part is seen, with somebody in it of whom the auditor does not know',
    shown('Shared', { auditor: word('Exclusive'), notSeen }),
    'Shared',
    `${part}; ${differs('Exclusive')}`,
  ],
  [
    'part is seen, with somebody in it, and the auditor says worse',
    shown('Shared', { auditor: word('Exposed'), notSeen }),
    'Exposed',
    told,
  ],
  [
    'part is seen, and the API server contradicts it',
    shown('Shared', { auditor: word('Unknown'), notSeen }),
    'Unknown',
    'says the auditor: its words',
  ],
  [
    'part is seen, nobody in it, and the auditor has not looked for long',
    shown('Exclusive', { auditor: word('Exclusive', stale), notSeen }),
    'Unknown',
    `you may not list all of it, and ${stale}`,
  ],
  [
    'part is seen, nobody in it, without an auditor',
    shown('Exclusive', { notSeen }),
    'Unknown',
    'you may not list all of it, and no auditor has looked',
  ],
  ['part is seen, with somebody in it, without an auditor', shown('Shared', { notSeen }), 'Shared', part],
])('%s', (_, access, verdict, why) => {
  expect(JSON.parse(accessJson(access))).toMatchObject({ verdict, why });
  expect(accessTable(access).split('\n')[0]).toBe(
    `Secret apps/key, of Credential promoter: ${verdict} (${why})`,
  );
});
