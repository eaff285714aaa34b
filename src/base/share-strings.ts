/** Longer ones are sentences, which are seldom the same. */
const longestShared = 64;

type Names = Record<string, true | null>;

/**
 * Gives plain JSON back as it is, once equal strings of up to 64 characters in it and in whatever went through here before share one
 * copy: of thousands of objects most say the same names, reasons and times. V8 keeps one copy of each name of a property, and makes
 * a string that was used as one stand for that copy.
 */
export function shareStrings<T>(value: T): T {
  // Without a prototype it is a dictionary, and no hidden class is made for each name.
  const names: Names = { __proto__: null };
  nameAll(value, names);
  return value;
}

function nameAll(value: unknown, names: Names): void {
  if (typeof value === 'string') {
    if (value.length <= longestShared) names[value] = true;
  } else if (typeof value === 'object' && value !== null) {
    for (const each of Object.values(value)) nameAll(each, names);
  }
}
