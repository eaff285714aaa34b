/** So many characters of a secret in a row are no accident. */
const pieceLength = 12;

/** A piece of a secret where none may be. */
export interface Leak {
  /** Which secret, by the name that it was given. */
  readonly secret: string;
  readonly where: string;
}

/** Every piece of 12 characters of some secrets as they are, in base64 at any alignment, in base64url, URL-encoded, in JSON and in hex. */
export class SecretPieces {
  readonly #owners = new Map<string, string>();

  /** @param secrets name → value; what is the same in all is left out: of a PEM the lines around it, of a JWT its header and what stands before it */
  constructor(secrets: Iterable<readonly [string, string]>) {
    for (const [name, value] of secrets) {
      const bare = bareOf(value);
      if (bare.length < pieceLength) throw new Error(`${name} is shorter than a piece`);
      for (const form of formsOf(bare)) this.#add(name, form);
    }
  }

  #add(name: string, form: string): void {
    for (let at = 0; at + pieceLength <= form.length; at += 1)
      this.#owners.set(form.slice(at, at + pieceLength), name);
  }

  /** The secrets of which a text holds a piece, each once. */
  findIn(where: string, text: string): Leak[] {
    const found = new Set<string>();
    for (let at = 0; at + pieceLength <= text.length; at += 1) {
      const owner = this.#owners.get(text.slice(at, at + pieceLength));
      if (owner !== undefined) found.add(owner);
    }
    return [...found].map((secret) => ({ secret, where }));
  }
}

function bareOf(secret: string): string {
  return secret
    .replaceAll(/-----[A-Z ]+-----/g, '')
    .trim()
    .replace(/^(gh[a-z]_\d+_)?eyJ[\w-]+\.(?=[\w-]+\.[\w-]+$)/, '');
}

function formsOf(secret: string): Set<string> {
  const hex = Buffer.from(secret).toString('hex');
  const inBase64 = [0, 1, 2].map((shift) => base64Within(secret, shift));
  return new Set([
    secret,
    // A PEM on one line, and as JSON has it.
    secret.replaceAll('\n', ''),
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    encodeURIComponent(secret),
    hex,
    hex.toUpperCase(),
    ...inBase64,
    ...inBase64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]);
}

/** The characters that a secret gives in the base64 of a longer text, when `shift` more bytes than a multiple of three stand before it. */
function base64Within(secret: string, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]).toString('base64');
  const isWhole = (shift + Buffer.byteLength(secret)) % 3 === 0;
  // The characters at either end depend on what stands there.
  return text.replace(/=+$/, '').slice(shift === 0 ? 0 : shift + 1, isWhole ? undefined : -1);
}
