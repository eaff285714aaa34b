import { z } from 'zod';
import { accountsNamespaceOf, isAnybody, subjectOf } from '../auditor/subjects.ts';
import { accountName, namespaceName } from './process-options.ts';

/** Whom the operator trusts with every Secret, each as reports write subjects. */
export const trustedSubjects = z
  .array(
    z.string().superRefine((text, context) => {
      const mistake = mistakeIn(text);
      if (mistake !== undefined) context.addIssue(`${JSON.stringify(text)} ${mistake}`);
    }),
  )
  .default([]);

/** What is wrong with it, as the end of a sentence. */
function mistakeIn(text: string): string | undefined {
  const [, kind = '', rest = ''] = /^(ServiceAccount|User|Group) (\S(?:.*\S)?)$/.exec(text) ?? [];
  const [namespace, name, ...more] = kind === 'ServiceAccount' ? rest.split('/') : ['', rest];
  const isName =
    kind !== 'ServiceAccount' ||
    (more.length === 0 && namespaceName.safeParse(namespace).success && accountName.safeParse(name).success);
  const subject = subjectOf({ kind, name: name ?? '', namespace: namespace ?? '' }, '');
  if (!isName || subject === undefined)
    return 'is no subject as reports write it: ServiceAccount NAMESPACE/NAME, User NAME or Group NAME';
  if (subject.id !== text) return `is written ${JSON.stringify(subject.id)} in reports: write it so`;
  if (!isAnybody(subject)) return undefined;
  if (subject.kind === 'ServiceAccount')
    return 'is what every Pod there runs as that names no service account: trust one with a name of its own';
  return accountsNamespaceOf(subject) === undefined
    ? 'is everybody: trust those whom you mean, by name'
    : 'is every service account that is made there: trust those whom you mean, by name';
}
