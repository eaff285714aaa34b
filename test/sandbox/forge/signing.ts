import { createHmac, timingSafeEqual } from 'node:crypto';
import { type CommitData, encodeCommit } from './git/objects.ts';

export interface Verification {
  readonly verified: boolean;
  readonly reason: 'valid' | 'unsigned' | 'unknown_key';
  readonly signature: string | null;
  readonly payload: string | null;
}

const armour = { begin: '-----BEGIN PGP SIGNATURE-----', end: '-----END PGP SIGNATURE-----' };

/**
 * The forge's own signatures. They look like GitHub's and stand where GitHub's do, but are an HMAC: only this forge makes and
 * knows them, so a client that copies one onto another commit stays unverified.
 */
export class Signer {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  sign(commit: CommitData): CommitData {
    return { ...commit, signature: `${armour.begin}\n\n${this.#digest(commit)}\n${armour.end}\n` };
  }

  verify(commit: CommitData): Verification {
    const { signature } = commit;
    if (signature === undefined)
      return { verified: false, reason: 'unsigned', signature: null, payload: null };
    const payload = encodeCommit(unsigned(commit)).toString('utf8');
    const found = Buffer.from(signature.split('\n')[2] ?? '');
    const expected = Buffer.from(this.#digest(commit));
    const genuine = found.length === expected.length && timingSafeEqual(found, expected);
    return { verified: genuine, reason: genuine ? 'valid' : 'unknown_key', signature, payload };
  }

  #digest(commit: CommitData): string {
    return createHmac('sha512', this.#key)
      .update(encodeCommit(unsigned(commit)))
      .digest('base64');
  }
}

function unsigned({ tree, parents, author, committer, message }: CommitData): CommitData {
  return { tree, parents, author, committer, message };
}
