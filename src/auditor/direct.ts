import type { Held, Holding } from './held.ts';
import { secretVerbs, type SecretVerb } from './rights.ts';

const readVerbs: readonly SecretVerb[] = ['get', 'list', 'watch'];
const replaceVerbs: readonly SecretVerb[] = ['update', 'patch'];
const deleteVerbs: readonly SecretVerb[] = ['delete', 'deletecollection'];

/** By what somebody reads the Secret of that name; undefined if they do not. One verb is enough: a list and a watch show the value too. */
export function readOf(held: Held, name: string): readonly Holding[] | undefined {
  return together(held, readVerbs, name);
}

/** By what somebody puts another value into it: at its place, or by deleting it and making it anew. */
export function overwriteOf(held: Held, name: string): readonly Holding[] | undefined {
  const replaces = together(held, replaceVerbs, name);
  if (replaces !== undefined) return replaces;
  const deletes = together(held, deleteVerbs, name);
  const makes = held.first('createSecret', { name });
  return deletes === undefined || makes === undefined ? undefined : [...deletes.slice(0, 1), makes];
}

/** What the API server lets somebody do who asks for the Secret by its name; create and deletecollection have none. */
export function verbsOn(held: Held, name: string): readonly SecretVerb[] {
  return secretVerbs.filter((verb) =>
    verb === 'create' // is asked for without a name
      ? held.all('createSecret').some(({ grant }) => grant.names === undefined)
      : held
          .all(`${verb}Secret`)
          .some(({ grant: { names } }) => names?.includes(name) ?? names === undefined),
  );
}

/** Those of the verbs that come by the same binding as the first of them. */
function together(held: Held, verbs: readonly SecretVerb[], name: string): readonly Holding[] | undefined {
  const [first, ...more] = verbs
    .map((verb) => held.first(`${verb}Secret`, { name }))
    .filter((each) => each !== undefined);
  if (first === undefined) return undefined;
  return [first, ...more.filter(({ binding }) => binding === first.binding)];
}
