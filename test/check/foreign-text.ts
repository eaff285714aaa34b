interface Pattern {
  readonly what: string;
  readonly pattern: RegExp;
}

/** What belongs to one machine, one network or one person, and so to no repository. */
const patterns: readonly Pattern[] = [
  {
    what: 'a path of one machine',
    // ann is the person of the examples.
    pattern: /(?<![\w.~$})-])\/(?:(?:work|root|tmp)\/[\w.-]|(?:home|Users)\/(?!ann\b)\w)/,
  },
  {
    what: 'the host of a package registry',
    pattern:
      /\b(?:registry\.npmjs\.org|proxy\.golang\.org|sum\.golang\.org|files\.pythonhosted\.org|static\.crates\.io)\b/,
  },
  {
    what: 'a private key',
    pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:\\n|\s)+(?:[\w+/=]|\\n|\s){100}/,
  },
  // Invented ones spell the alphabet.
  {
    what: 'a token of a forge',
    pattern: /\b(?:gh[pousr]_(?!abcdef)\w{36}|github_pat_(?!abcdef)\w{60}|glpat-(?!abcdef)[\w-]{20})/,
  },
  { what: 'a signed token', pattern: /\beyJ[\w-]{16,}\.eyJ[\w-]{16,}\.[\w-]{32,}/ },
  { what: 'half of a merge', pattern: /^(?:<{7}|>{7}) /m },
];

/** What `text` holds that no file of this repository may hold, one sentence each, with its line. */
export function foreignText(path: string, text: string): string[] {
  return patterns.flatMap(({ what, pattern }) => {
    const at = text.search(pattern);
    return at < 0 ? [] : [`${path}:${text.slice(0, at).split('\n').length}: ${what}`];
  });
}
