import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** A certificate that is its own authority, for 127.0.0.1 and the host `api.test`, as a server and as a client; valid for two days. */
export function makeCertificate(commonName = 'api'): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'lockkeeper-certificate-'));
  try {
    const [cert, key] = [join(folder, 'cert'), join(folder, 'key')];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const subject = ['-subj', `/CN=${commonName}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:api.test'];
    execFileSync('openssl', ['req', ...kind, '-days', '2', '-keyout', key, '-out', cert, ...subject], {
      stdio: 'ignore',
    });
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
