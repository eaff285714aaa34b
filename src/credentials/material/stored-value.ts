import type { Secret } from '../../base/secret.ts';
import { CredentialProblem } from '../problem.ts';

/** What a Kubernetes Secret holds. `uid` tells a Secret from one that replaced it, `resourceVersion` one state of it from the next. */
export interface StoredSecret {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly data: ReadonlyMap<string, Secret>;
}

/** A Secret, and its namespace and name for sentences. */
export interface NamedSecret extends StoredSecret {
  readonly where: string;
}

/** One thing that a Secret may hold. */
export interface Field {
  /** The names that tools give it, our own first. Their case does not count: the tools differ in it. */
  readonly keys: readonly string[];
  /** More is none, and is not looked into. */
  readonly maxBytes: number;
  /** An id, a name or an address, which sentences may show: what is not is taken out of all that we say, wherever it stands. */
  readonly isPublic?: true;
}

export interface StoredValue {
  /** As the Secret spells it. */
  readonly key: string;
  /** Without space or a byte order mark around it; never empty. */
  readonly text: string;
}

/** Every value of a field, in the order of its names. Rejects with Malformed what is no text, or too long; what is empty counts as absent. */
export function valuesOf(secret: NamedSecret, field: Field): StoredValue[] {
  return field.keys.flatMap((wanted) =>
    [...secret.data.keys()]
      .filter((key) => key.toLowerCase() === wanted.toLowerCase())
      .toSorted((_, other) => (other === wanted ? 1 : -1))
      .flatMap((key) => textOf(secret, key, field) ?? []),
  );
}

/** The one value of a field; Malformed when the Secret has two under different names that differ. */
export function valueOf(secret: NamedSecret, field: Field): StoredValue | undefined {
  const [first, ...others] = valuesOf(secret, field);
  const other = others.find(({ text }) => text !== first?.text);
  if (first === undefined || other === undefined) return first;
  throw malformed(secret, first.key, `and key ${other.key} hold different values; keep one of them`);
}

/** @param why completes "key privateKey of Secret apps/acme-promoter …", and holds no value */
export function malformed({ where }: NamedSecret, key: string, why: string): CredentialProblem {
  return new CredentialProblem('Malformed', `key ${key} of Secret ${where} ${why}`);
}

function textOf(secret: NamedSecret, key: string, field: Field): StoredValue | undefined {
  const value = secret.data.get(key);
  if (value === undefined) return undefined;
  const { maxBytes, isPublic } = field;
  const whole = value.peek();
  // A character takes at least one byte. What is that long is no secret that we would have to know, which would take a while.
  if (whole.length > maxBytes) throw malformed(secret, key, `is longer than ${maxBytes} bytes; replace it`);
  // What is not UTF-8 comes out as U+FFFD.
  if (/[\0\ufffd]/.test(whole)) throw malformed(secret, key, 'is not text; replace it');
  const text = (isPublic === true ? whole : value.expose()).trim();
  return text === '' ? undefined : { key, text };
}
