import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Secret } from '../../base/secret.ts';

/** Fewer are within reach of those who want to forge an App's word. */
const leastBits = 2048;

/**
 * An App's private key made to the one form (PKCS #8) that signers take, from PKCS #1 or PKCS #8, with line ends of either kind or written
 * as `\n`. A key of another kind, an encrypted one and a weak one are refused.
 * @returns the key, or why not: completes "key privateKey of Secret … ", in our own words alone, since the parser's may quote the input
 */
export function readPrivateKey(text: string): { readonly key: Secret } | { readonly refused: string } {
  const pem = text.includes('\n') ? text : text.replaceAll(String.raw`\n`, '\n').trim();
  if (/^-----BEGIN ENCRYPTED |\bENCRYPTED\r?$/m.test(pem)) {
    return { refused: 'is encrypted with a passphrase; put it there as the forge gave it' };
  }
  if ((pem.match(/^-----BEGIN /gm) ?? []).length > 1) {
    return { refused: 'holds more than one PEM block; put the private key there alone' };
  }
  const key = /^-----BEGIN (RSA |EC )?PRIVATE KEY-----/.test(pem) ? parsed(pem) : undefined;
  if (key === undefined) {
    return {
      refused: 'is not a private key in PEM; put the file there that the forge gave for the App',
    };
  }
  if (key.asymmetricKeyType !== 'rsa') {
    return { refused: 'is not an RSA key, as those of Apps are; put the file there that the forge gave' };
  }
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < leastBits) {
    return { refused: `is an RSA key of less than ${leastBits} bits; generate a new one for the App` };
  }
  return { key: new Secret(key.export({ type: 'pkcs8', format: 'pem' }).toString()) };
}

function parsed(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
