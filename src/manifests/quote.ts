import { parseDocument } from 'yaml';
import type { Mark } from './scan.ts';

/** Words that a YAML 1.1 reader (Go's kyaml among them) takes for something else than a string. */
const special = /^(?:y|n|yes|no|on|off|true|false|null|~)$/i;

/**
 * `value` as YAML that resolves to exactly that string in YAML 1.2 and 1.1, in the style that was there when it can hold it.
 * Undefined when a block scalar cannot: it holds one line.
 */
export function quoted(
  value: string,
  style: Mark['style'],
  block: { readonly indent: string; readonly newline: string },
): string | undefined {
  const isOneLine = !/[\p{Cc}\u2028\u2029\ufeff]/u.test(value);
  switch (style) {
    case 'plain':
      return isPlain(value) ? value : doubleQuoted(value);
    case 'single':
      return isOneLine ? `'${value.replaceAll("'", "''")}'` : doubleQuoted(value);
    case 'double':
      return doubleQuoted(value);
    case 'block':
      return isOneLine && value !== '' && !/^\s|\s$/.test(value)
        ? `${block.indent}${value}${block.newline}`
        : undefined;
    default:
      return style satisfies never;
  }
}

function isPlain(value: string): boolean {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9._+@/-]|:(?=[^\s]))*$/.test(value) || special.test(value)) return false;
  return (['1.1', '1.2'] as const).every((version) => {
    const { contents, errors } = parseDocument(value, {
      version,
      schema: version === '1.1' ? 'yaml-1.1' : 'core',
    });
    return errors.length === 0 && contents !== null && contents.toJSON() === value;
  });
}

/** JSON's strings are YAML's, but for characters that YAML does not print. */
function doubleQuoted(value: string): string {
  return JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff]/g, (character) =>
    /[\ud800-\udfff]/.test(character)
      ? character
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
