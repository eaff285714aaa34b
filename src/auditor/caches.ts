import { isSameJson } from '../base/same-json.ts';
import { shareStrings } from '../base/share-strings.ts';
import { Reflector, type ReflectorOptions } from '../kube/reflector/reflector.ts';
import type { Stored } from '../kube/reflector/store.ts';
import type { Resource } from '../kube/resource.ts';
import type { Transport } from '../kube/transport/transport.ts';
import type { ReflectorFacts } from '../telemetry/health.ts';
import { auditedCredential, credentials, secretNameOf, type AuditedCredential } from './audited.ts';
import { placeOf } from './concerned.ts';
import { RbacIndex } from './rbac-index.ts';
import { rbacKinds } from './rbac-kinds.ts';
import type { RbacObject } from './rbac.ts';
import { grantsOf } from './rights.ts';

export interface AuditorCacheHooks {
  /**
   * Somebody may have other rights now, in this namespace or, of '', in the cluster.
   * @param felt asked at once, where that may be felt: in the same place, or by '' anywhere
   */
  readonly onRbac: (place: string, felt: () => string) => void;
  /** A Credential, by its key, may have to be looked at again. */
  readonly onCredential: (key: string) => void;
  readonly onTrouble: (resource: string, error: unknown) => void;
  readonly onRestart: (resource: string, reason: string) => void;
}

/** What the auditor follows of the cluster: no Secret is in it, and nothing that it does not read. */
export interface AuditorCaches {
  readonly index: RbacIndex;
  readonly credential: (key: string) => AuditedCredential | undefined;
  readonly credentialKeys: () => Iterable<string>;
  readonly credentialCount: () => number;
  /** Resolves when all hold what the server has; rejects when stopped before. */
  start(): Promise<void>;
  stop(): Promise<void>;
  facts(): readonly ReflectorFacts[];
}

export function createAuditorCaches(transport: Transport, hooks: AuditorCacheHooks): AuditorCaches {
  const index = new RbacIndex();
  const reflect = <T extends Stored>(
    resource: Resource,
    parts: Pick<ReflectorOptions<T>, 'project' | 'onChange'>,
  ): Reflector<T> =>
    new Reflector({
      transport,
      resource,
      onTrouble: (error) => hooks.onTrouble(resource.plural, error),
      onRestart: (reason) => hooks.onRestart(resource.plural, reason),
      ...parts,
      // Thousands of bindings name the same groups, roles and namespaces.
      project: (object) => shareStrings(parts.project(object)),
    });
  const ofRbac = rbacKinds.map(({ resource, schema }) =>
    reflect<RbacObject>(resource, {
      project: (object) => {
        const parsed = schema.safeParse(object);
        if (parsed.success) return withoutWorthless(parsed.data);
        // Nothing that was found can be believed until it is gone.
        hooks.onRbac('', () => '');
        throw parsed.error;
      },
      onChange: (change) => {
        const { object } = change;
        // Who applies all anew every few minutes mostly changes nothing that is read here.
        if (change.kind === 'updated' && isSameRbac(change.before, object)) return;
        const isNew = change.kind === 'deleted' ? index.remove(object) : index.put(object);
        if (!isNew) return;
        const versions = change.kind === 'updated' ? [change.before, object] : [object];
        hooks.onRbac(object.metadata.namespace, () => placeOf(versions, index));
      },
    }),
  );
  const ofCredentials = reflect<AuditedCredential>(credentials, {
    project: (object) => auditedCredential.parse(object),
    onChange: (change) => {
      if (change.kind === 'updated' && isSameQuestion(change.before, change.object)) return;
      hooks.onCredential(change.key);
    },
  });
  const all = [...ofRbac, ofCredentials];
  return {
    index,
    credential: (key) => ofCredentials.store.get(key),
    credentialKeys: () => ofCredentials.store.keys(),
    credentialCount: () => ofCredentials.store.size,
    start: async () => {
      await Promise.all(all.map((reflector) => reflector.start()));
    },
    stop: async () => {
      await Promise.all(all.map((reflector) => reflector.stop()));
    },
    facts: () => all.map((reflector) => reflector.facts()),
  };
}

/** Most rules are worth nothing to an audit, and would be most of the memory. */
function withoutWorthless(object: RbacObject): RbacObject {
  if (object.kind !== 'Role' && object.kind !== 'ClusterRole') return object;
  return { ...object, rules: object.rules.filter((rule) => grantsOf([rule]).size > 0) };
}

function isSameRbac(before: RbacObject, after: RbacObject): boolean {
  const { resourceVersion } = after.metadata;
  return isSameJson({ ...before, metadata: { ...before.metadata, resourceVersion } }, after);
}

/** Neither another Secret, nor another answer than ours in status: what else stands there changes every minute. */
function isSameQuestion(before: AuditedCredential, after: AuditedCredential): boolean {
  return (
    secretNameOf(before) === secretNameOf(after) && isSameJson(before.status?.access, after.status?.access)
  );
}
