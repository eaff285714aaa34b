/** What people put there by mistake, as other forges and tools mark theirs. Gitea's tokens look like GitHub's oldest and are not among them. */
const foreign: readonly (readonly [RegExp, string])[] = [
  [/^ghr_/, 'a refresh token of GitHub, which only renews another one'],
  [/^(gl(pat|rt|dt|cbt|ptt|agent|ffct|imt|soat|ft|oas)-|GR1348941)/, 'a token of GitLab'],
  [/^(ATATT|ATCTT|ATBB|BBDC-)/, 'a token of Atlassian'],
  [/^eyJ[\w-]*\.[\w-]+\.[\w-]*$/, 'a JWT'],
  [/^-----BEGIN /, 'a key in PEM, which is for githubApp'],
  [/^ssh-(rsa|ed25519) /, 'an SSH key'],
  [/^(Bearer|Basic|token) /i, 'a header and not the token alone'],
  [/^https?:/i, 'an address'],
  // ghp_, gho_, ghu_, ghs_, github_pat_ and -----BEGIN once more.
  [
    /^(Z2hwX|Z2hvX|Z2h1X|Z2hzX|Z2l0aHViX3BhdF|LS0tLS1CRUdJTi)/,
    'a value in base64, which belongs under data and not under stringData',
  ],
];

/** See `Provider.looksForeign`. */
export function looksForeign(text: string): string | undefined {
  return foreign.find(([shape]) => shape.test(text))?.[1];
}
