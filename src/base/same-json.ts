/** Whether two values would be written as the same JSON, whatever the order of their members; an undefined member is none. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other)) {
    return (
      Array.isArray(one) &&
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((each, index) => isSameJson(each, other[index]))
    );
  }
  return hasAllOf(one, other) && hasNoMore(one, other);
}

/** Whether each member of `one` is in `other` too. */
function hasAllOf(one: object, other: object): boolean {
  for (const name in one) {
    if (!isSameJson(Reflect.get(one, name), Reflect.get(other, name))) return false;
  }
  return true;
}

function hasNoMore(one: object, other: object): boolean {
  for (const name in other) {
    if (Reflect.get(one, name) === undefined && Reflect.get(other, name) !== undefined) return false;
  }
  return true;
}
