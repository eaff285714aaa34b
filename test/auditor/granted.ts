import type { RbacIndex } from '../../src/auditor/rbac-index.ts';
import { rows, type Grant } from '../../src/auditor/rights.ts';
import type { Subject } from '../../src/auditor/subjects.ts';
import type { Written } from './fixtures/objects.ts';

/** What a rule gives somebody, as an authorizer is asked about it. */
export interface Granted {
  readonly subject: Subject;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  /** '' in the whole cluster. */
  readonly namespace: string;
  readonly name?: string;
}

/** All that is found in the roles among these objects, for each to whom one is bound, but for rights to Secrets. */
export function grantedBy(objects: readonly Written[], index: RbacIndex): readonly Granted[] {
  const own = new Set(
    objects.map(({ kind, metadata: { namespace, name } }) =>
      namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`,
    ),
  );
  return ['', ...index.boundNamespaces()].flatMap((namespace) =>
    [...index.scope(namespace).holders.values()].flatMap(({ subject, bound }) =>
      bound
        .filter(({ role }) => own.has(role.id))
        .flatMap(({ role }) => [...role.grants.values()].flat().flatMap(askedOf))
        .map((asked) => ({ ...asked, subject, namespace })),
    ),
  );
}

function askedOf({ right, names, words }: Grant): readonly Omit<Granted, 'subject' | 'namespace'>[] {
  const [, verbs = '', what = ''] = /^(.*?[^,]) (\S+)/.exec(words) ?? [];
  const [name] = names?.includes('') ? [] : (names ?? []);
  return rows
    .filter(
      ({ right: of, resource, subresource }) =>
        of === right && what === (subresource === undefined ? resource : `${resource}/${subresource}`),
    )
    .filter(({ resource }) => resource !== 'secrets')
    .flatMap(({ group, resource, subresource }) =>
      verbs.split(', ').map((verb) => ({
        verb,
        group,
        resource,
        ...(subresource !== undefined && { subresource }),
        ...(name !== undefined && { name }),
      })),
    );
}
