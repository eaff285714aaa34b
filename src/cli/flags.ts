import { parseArgs } from 'node:util';
import { CodedError } from '../base/error.ts';

/** The flags of one command, by their names on the command line. */
export type FlagTable = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly short?: string; readonly multiple?: true }>
>;

/** What a command line holds. */
export interface GivenFlags {
  /** By their names in camel case, as in a configuration; of a flag without a value ''. */
  readonly values: Readonly<Record<string, string>>;
  /** Of flags that may be given more than once, and were: all that they say, in order. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  /** What stands there without a flag, as many as the command takes. */
  readonly words: readonly string[];
  readonly mistakes: readonly string[];
}

/**
 * All of it, with every mistake: parseArgs itself stops at the first.
 * @param mostWords how many words may stand there without a flag
 */
export function readFlags(args: readonly string[], table: FlagTable, mostWords = 0): GivenFlags {
  const lax = { strict: false, allowPositionals: true, tokens: true } as const;
  const { tokens } = parseArgs({ args: [...args], options: table, ...lax });
  const values: Record<string, string> = {};
  const lists: Record<string, string[]> = {};
  const words: string[] = [];
  const mistakes: string[] = [];
  let wasWrong = false;
  for (const token of tokens) {
    if (token.kind === 'option') {
      const mistake = mistakeIn(token, table);
      wasWrong = mistake !== undefined;
      const name = camelCase(token.name);
      if (mistake === undefined && table[token.name]?.multiple) (lists[name] ??= []).push(token.value ?? '');
      else if (mistake === undefined) values[name] = token.value ?? '';
      else mistakes.push(`${token.rawName}: ${mistake}`);
    } else if (token.kind === 'positional') {
      // What follows a wrong flag is probably its value.
      if (!wasWrong && words.length < mostWords) words.push(token.value);
      else if (!wasWrong) mistakes.push(`unexpected argument ${JSON.stringify(token.value)}`);
      wasWrong = false;
    }
  }
  return { values, lists, words, mistakes };
}

/** The mistakes of a command line in one error, with where to look. */
export function configInvalid(command: string, what: string, mistakes: readonly string[]): CodedError {
  return new CodedError(
    'ConfigInvalid',
    [
      `${mistakes.length} mistake(s) in ${what}:`,
      ...mistakes.map((each) => `  ${each}`),
      `See: lockkeeper ${command} --help`,
    ].join('\n'),
  );
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What a schema finds wrong, each with the place that its user knows: the flag if it was `given` by one. */
export function issueSentences(issues: readonly Issue[], given: Readonly<Record<string, unknown>>): string[] {
  return issues.map(({ path: [name, ...rest], message }) => {
    const where = typeof name === 'string' && name in given ? flagOf(name) : [name, ...rest].join('.');
    return where === '' ? message : `${where}: ${message}`;
  });
}

interface OptionToken {
  readonly name: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function mistakeIn({ name, value, inlineValue }: OptionToken, table: FlagTable): string | undefined {
  const flag = Object.hasOwn(table, name) ? table[name] : undefined;
  if (flag === undefined) return 'there is no such flag';
  if (flag.type === 'boolean') return value === undefined ? undefined : 'takes no value';
  // A dash alone is a name for standard input.
  const isNextFlag = inlineValue !== true && value !== '-' && value?.startsWith('-') === true;
  return value === undefined || value === '' || isNextFlag ? 'needs a value' : undefined;
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `--log-level` of `logLevel`. */
function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
