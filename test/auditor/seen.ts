import type { AccessReport, Other } from '../../src/auditor/report.ts';

export const controller = { namespace: 'lockkeeper-system', name: 'lockkeeper-controller' } as const;

/** Somebody who can read the Secret, changed as a test wants it. */
export function other(change: Partial<Other> = {}): Other {
  const path = change.path ?? ['RoleBinding apps/readers', 'Role apps/readers', 'get secrets named key'];
  return {
    subject: 'User ada',
    kind: 'User',
    name: 'ada',
    class: 'Read',
    isDirect: true,
    path,
    via: path.join(' -> '),
    ways: [{ class: 'Read', isDirect: true, path }],
    isAnybody: false,
    verbs: ['get'],
    ...change,
  };
}

/** A service account that can read the Secret. */
export function accountIn(namespace: string, name: string): Other {
  return other({ subject: `ServiceAccount ${namespace}/${name}`, kind: 'ServiceAccount', name, namespace });
}

export function report(change: Partial<AccessReport> = {}): AccessReport {
  const { others = [] } = change;
  return {
    verdict: others.length === 0 ? 'Exclusive' : 'Shared',
    others,
    baseline: ['Group system:masters, to which the API server refuses nothing'],
    trusted: [],
    dormant: [],
    controller: {
      ...controller,
      kind: 'ServiceAccount',
      subject: `ServiceAccount ${controller.namespace}/${controller.name}`,
      verbs: ['get'],
    },
    ...change,
  };
}
