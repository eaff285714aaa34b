/** Decimal, octal, hexadecimal, binary and base 60, without the `_` that may stand anywhere between. */
const number =
  /^[-+]?(?:0x[0-9a-f]*|0o[-+]?[0-7]*|0b[-+]?[01]*|\d+(?::[0-5]?\d)+(?:\.\d*)?|\d*(?:\.\d*)?(?:e[-+]?\d+)?)$/i;
const timestamp = /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt \t].*)?$/;
const word = /^(?:~|null|true|false|y|n|yes|no|on|off|[-+]?\.inf|\.nan|=|<<)$/i;

/**
 * Whether some reader takes these characters, unquoted, for something else than a string: readers of YAML 1.2 (core schema),
 * of YAML 1.1 (https://yaml.org/type), and Go's, which Kubernetes tools use and which mixes both.
 */
export function readsAsOther(value: string): boolean {
  return number.test(value.replaceAll('_', '')) || timestamp.test(value) || word.test(value);
}

/**
 * `value` as a scalar on one line outside flow collections that every reader takes for exactly that string. Keeps the style that it
 * is to replace when that style can hold the value, else uses double quotes.
 */
export function quoted(value: string, style: 'plain' | 'single' | 'double'): string {
  if (style === 'plain' && isPlain(value)) return value;
  if (style === 'single' && isPrintable(value)) return `'${value.replaceAll("'", "''")}'`;
  return doubleQuoted(value);
}

/** Whether one line of a literal or folded block scalar holds `value` as it is. */
export function fitsBlock(value: string): boolean {
  return isPrintable(value) && value !== '' && !/^[\s#]|\s$/.test(value);
}

/** Fewer characters than YAML allows, none of which needs a second look. */
function isPlain(value: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9._+@/-]|:(?=[A-Za-z0-9._+@/-]))*$/.test(value) && !readsAsOther(value);
}

/** No line breaks, tabs or characters that YAML wants escaped. */
function isPrintable(value: string): boolean {
  return !/[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/u.test(value);
}

/** JSON's strings are YAML's, but for some characters that JSON leaves as they are. */
function doubleQuoted(value: string): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
