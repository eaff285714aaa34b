import { createPrivateKey, X509Certificate } from 'node:crypto';

/** How many certificates a PEM holds; undefined when something in it is none. Text before the first one is a comment. */
export function countCertificates(pem: string): number | undefined {
  // A split and not one expression over begin and end, which would take time to the square of what never ends.
  const [, ...blocks] = pem.split('-----BEGIN ');
  return blocks.every((block) => certificateOf(`-----BEGIN ${block}`) !== undefined)
    ? blocks.length
    : undefined;
}

/** Whether a PEM of a private key without a passphrase belongs to the first certificate of another PEM. */
export function isKeyOf(key: string, certificate: string): boolean {
  try {
    return certificateOf(certificate)?.checkPrivateKey(createPrivateKey(key)) ?? false;
  } catch {
    return false;
  }
}

function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
