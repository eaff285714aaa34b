/** By the pages "About authentication to GitHub" and "GitLab token overview". */
const makers = {
  GitHub: /^(gh[opusr]_|github_pat_)/,
  GitLab: /^(gl(pat|rt|dt|cbt|ptt|agent|ffct|imt|soat|ft|oas)-|GR1348941)/,
};

/** What is nobody's token, as a noun. */
const noTokens: readonly (readonly [RegExp, string])[] = [
  [/^(ATATT|ATCTT|ATBB|BBDC-)/, 'a token of Atlassian'],
  [/^-----BEGIN /, 'a key in PEM'],
  [/^ssh-(rsa|ed25519) /, 'an SSH key'],
  [/^(Bearer|Basic|token) /i, 'a header and not the token alone'],
  [/^https?:/i, 'an address'],
];

/** `Provider.looksForeign` of a forge whose tokens are not made by these others. */
export function foreignOf(...others: readonly (keyof typeof makers)[]): (text: string) => string | undefined {
  return (text) => {
    const maker = others.find((each) => makers[each].test(text));
    if (maker !== undefined) return `a token of ${maker}`;
    return noTokens.find(([shape]) => shape.test(text))?.[1];
  };
}
