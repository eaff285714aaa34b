import { isOfKubernetes } from './baseline.ts';
import type { ClusterRole, ClusterRoleBinding, RbacObject, Role, RoleBinding } from './rbac.ts';
import { grantsOf, type Grants } from './rights.ts';
import { subjectOf, type Subject } from './subjects.ts';

/** A role with what it is worth. */
export interface KnownRole {
  /** `Role ns/name` or `ClusterRole name`. */
  readonly id: string;
  readonly object: Role | ClusterRole;
  readonly grants: Grants;
}

/** A role as a binding gives it. */
export interface Bound {
  readonly binding: KnownBinding;
  readonly role: KnownRole;
}

/** A binding with the subjects that RBAC knows. */
export interface KnownBinding {
  /** `RoleBinding ns/name` or `ClusterRoleBinding name`. */
  readonly id: string;
  /** '' for one of the whole cluster. */
  readonly namespace: string;
  readonly roleId: string;
  readonly subjects: readonly Subject[];
}

export interface Holder {
  readonly subject: Subject;
  readonly bound: readonly Bound[];
}

/** What the bindings of one namespace give, or those of the whole cluster. */
export interface Scope {
  /** By the id of the subject. */
  readonly holders: ReadonlyMap<string, Holder>;
  /** The same of what Kubernetes itself binds to its own parts. */
  readonly baseline: ReadonlyMap<string, Holder>;
  /** Bindings whose role does not exist. */
  readonly dormant: readonly KnownBinding[];
}

/**
 * Who holds which rights, by RBAC objects as they come and go. Pure data: nothing waits. Roles are compiled when they change, and what
 * the bindings of a namespace give when somebody asks and something of it has changed; so audits of many Secrets share the work.
 */
export class RbacIndex {
  readonly #roles = new Map<string, KnownRole>();
  /** By namespace, '' for the cluster, then by id. */
  readonly #bindings = new Map<string, Map<string, KnownBinding>>();
  readonly #scopesByRole = new Map<string, Map<string, number>>();
  readonly #scopes = new Map<string, Scope>();
  readonly #made = new Map<string, unknown>();

  /** Takes an object in, over an older one of the same name. Returns whether an audit may answer otherwise now. */
  put(object: RbacObject): boolean {
    switch (object.kind) {
      case 'Role':
      case 'ClusterRole':
        return this.#putRole(object);
      case 'RoleBinding':
      case 'ClusterRoleBinding':
        return this.#putBinding(object);
      default:
        return object satisfies never;
    }
  }

  /** Takes an object out; one that is not there changes nothing. Returns whether an audit may answer otherwise now. */
  remove({ kind, metadata }: Pick<RbacObject, 'kind' | 'metadata'>): boolean {
    const id = idOf(kind, metadata);
    switch (kind) {
      case 'Role':
      case 'ClusterRole':
        if (!this.#roles.delete(id)) return false;
        this.#roleChanged(id);
        return true;
      case 'RoleBinding':
      case 'ClusterRoleBinding':
        return this.#removeBinding(metadata.namespace, id);
      default:
        return kind satisfies never;
    }
  }

  /** What the bindings of a namespace give in it; of '', what those of the cluster give everywhere. */
  scope(namespace: string): Scope {
    const known = this.#scopes.get(namespace);
    if (known !== undefined) return known;
    const made = scopeOf(this.#bindings.get(namespace)?.values() ?? [], this.#roles);
    this.#scopes.set(namespace, made);
    return made;
  }

  /** Namespaces in which something is bound. */
  boundNamespaces(): readonly string[] {
    return [...this.#bindings.keys()].filter((namespace) => namespace !== '');
  }

  /** To whom the bindings of a namespace give a role there, be it that the role does not exist. */
  boundTo(namespace: string, roleId: string): readonly Subject[] {
    return [...(this.#bindings.get(namespace)?.values() ?? [])]
      .filter((binding) => binding.roleId === roleId)
      .flatMap(({ subjects }) => subjects);
  }

  role(id: string): KnownRole | undefined {
    return this.#roles.get(id);
  }

  roles(): Iterable<KnownRole> {
    return this.#roles.values();
  }

  /** What `make` answers for this index, made anew after a change. One key must always go with the same `make`. */
  once<T>(key: string, make: () => T): T {
    if (!this.#made.has(key)) this.#made.set(key, make());
    return this.#made.get(key) as T; // what the same `make` made
  }

  #putRole(object: Role | ClusterRole): boolean {
    const id = idOf(object.kind, object.metadata);
    const before = this.#roles.get(id);
    const grants = grantsOf(object.rules);
    this.#roles.set(id, { id, object, grants });
    // One that is bound nowhere may be what somebody may bind, or say where the rules of an aggregated one came from.
    if (this.#roleChanged(id)) return true;
    return grants.size > 0 || (before?.grants.size ?? 0) > 0;
  }

  #roleChanged(id: string): boolean {
    const scopes = [...(this.#scopesByRole.get(id)?.keys() ?? [])];
    for (const scope of scopes) this.#scopes.delete(scope);
    this.#made.clear();
    return scopes.length > 0;
  }

  #putBinding(object: RoleBinding | ClusterRoleBinding): boolean {
    const binding = bindingOf(object);
    this.#removeBinding(binding.namespace, binding.id);
    const bindings = this.#bindings.get(binding.namespace) ?? new Map<string, KnownBinding>();
    this.#bindings.set(binding.namespace, bindings.set(binding.id, binding));
    this.#count(binding, 1);
    return true;
  }

  #removeBinding(namespace: string, id: string): boolean {
    const bindings = this.#bindings.get(namespace);
    const binding = bindings?.get(id);
    if (bindings === undefined || binding === undefined) return false;
    bindings.delete(id);
    if (bindings.size === 0) this.#bindings.delete(namespace);
    this.#count(binding, -1);
    return true;
  }

  #count({ namespace, roleId }: KnownBinding, by: 1 | -1): void {
    const scopes = this.#scopesByRole.get(roleId) ?? new Map<string, number>();
    const count = (scopes.get(namespace) ?? 0) + by;
    if (count > 0) scopes.set(namespace, count);
    else scopes.delete(namespace);
    if (scopes.size > 0) this.#scopesByRole.set(roleId, scopes);
    else this.#scopesByRole.delete(roleId);
    this.#scopes.delete(namespace);
    this.#made.clear();
  }
}

function idOf(
  kind: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): string {
  return kind.startsWith('Cluster') ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

function bindingOf({ kind, metadata, roleRef, subjects }: RoleBinding | ClusterRoleBinding): KnownBinding {
  const namespace = kind === 'RoleBinding' ? metadata.namespace : '';
  const byId = new Map(
    subjects
      .map((each) => subjectOf(each, namespace))
      .filter((each) => each !== undefined)
      .map((each) => [each.id, each]),
  );
  return {
    id: idOf(kind, metadata),
    namespace,
    roleId: idOf(roleRef.kind, { namespace, name: roleRef.name }),
    subjects: [...byId.values()],
  };
}

function scopeOf(bindings: Iterable<KnownBinding>, roles: ReadonlyMap<string, KnownRole>): Scope {
  const holders = new Map<string, GrowingHolder>();
  const baseline = new Map<string, GrowingHolder>();
  const dormant: KnownBinding[] = [];
  // In one order, so that what explains a right does not depend on what was heard of first.
  for (const binding of [...bindings].toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const role = roles.get(binding.roleId);
    if (role === undefined) {
      dormant.push(binding);
      continue;
    }
    for (const subject of role.grants.size === 0 ? [] : binding.subjects) {
      const side = isOfKubernetes(binding, subject.id) ? baseline : holders;
      const holder = side.get(subject.id);
      if (holder === undefined) side.set(subject.id, { subject, bound: [{ binding, role }] });
      else holder.bound.push({ binding, role });
    }
  }
  return { holders, baseline, dormant };
}

interface GrowingHolder extends Holder {
  readonly bound: Bound[];
}
