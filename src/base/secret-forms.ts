/** Longer secrets are known by their first so many bytes. */
const mostBytes = 8 * 1024;

/** What is in every key of its kind: the armour, and the DER header of a private key with the first bytes of its public modulus. */
const armour = /-----(?:BEGIN|END)[A-Z0-9 ]+-----/g;
const publicKeyCharacters = 52;

/** What says whose token it is, with the number of an App, and the header of a JWT: both are the same in many. */
const publicPrefix = /^(?:gh[a-z]_(?:\d{1,20}_)?|github_pat_|gl[a-z]{2,8}-)?(?:eyJ[A-Za-z0-9_-]*\.)?/;

/** Ways in which a secret comes to stand in a text. */
export interface SecretForms {
  /** As it is, on one line, as JSON and URLs have it, and its base64 after 0, 1 and 2 bytes more than a multiple of three. */
  readonly texts: readonly string[];
  readonly hex: string;
}

/**
 * The forms of a secret without what is public in it (a PEM's armour, a token's prefix), of a large one as far as its beginning;
 * undefined when less than `fewestBytes` are left, and for what is made of words: whoever may write a Secret could otherwise have any
 * word taken out of what is said to everybody.
 */
export function secretForms(value: Buffer, fewestBytes: number): SecretForms | undefined {
  const text = value.toString('utf8');
  // What is not UTF-8 has become U+FFFD: it stands in a text only encoded.
  const isText = !text.includes('\ufffd');
  const bare = (isText ? Buffer.from(bareOf(text)) : value).subarray(0, mostBytes);
  if (bare.length < fewestBytes || (isText && !looksRandom(bare.toString('latin1')))) return undefined;
  const plain = isText ? plainForms(bare.toString('utf8').replace(/\ufffd$/, '')) : [];
  return {
    texts: [...plain, ...[0, 1, 2].map((shift) => base64Within(bare, shift))],
    hex: bare.toString('hex'),
  };
}

function bareOf(text: string): string {
  const body = text.replaceAll(armour, '').trim();
  const isKey = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text);
  return isKey ? body.slice(publicKeyCharacters) : body.replace(publicPrefix, '');
}

/**
 * Whether letters and digits follow each other by chance: of two beside each other random ones are of two kinds (small, capital, digit) in
 * three or more of ten cases, those of names seldom. A capital that begins a word is as small.
 */
function looksRandom(text: string): boolean {
  const kinds = text
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .replaceAll(/[A-Z](?=[a-z])|[a-z]/g, 'a')
    .replaceAll(/[A-Z]/g, 'A')
    .replaceAll(/[0-9]/g, '0');
  const changes = kinds.match(/a(?=[A0])|A(?=[a0])|0(?=[aA])/g)?.length ?? 0;
  return changes >= Math.max(2, Math.floor(0.1 * (kinds.length - 1)));
}

function plainForms(text: string): string[] {
  const inJson = JSON.stringify(text).slice(1, -1);
  return [...new Set([text, text.replaceAll(/\r?\n/g, ''), inJson, encodeURIComponent(text)])];
}

/** The characters that bytes give in the base64 of something longer: those at the ends depend on what stands there. */
function base64Within(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const isWhole = (shift + bytes.length) % 3 === 0;
  return text.slice(shift === 0 ? 0 : shift + 1, isWhole ? undefined : -1);
}
