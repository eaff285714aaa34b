import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

const hoursValid = 48;

/**
 * A certificate that is its own authority, for 127.0.0.1 and the host `api.test`, as a server and as a client; valid for a day on
 * either side of now. Written out here (RFC 5280, in DER) because Node reads certificates and makes none.
 */
export function makeCertificate(commonName = 'api'): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = sequence(der(tags.set, sequence(ids.commonName, der(tags.utf8, Buffer.from(commonName)))));
  const hosts = [
    der(tags.ipAddress, Buffer.from([127, 0, 0, 1])),
    der(tags.dnsName, Buffer.from('api.test')),
  ];
  const body = sequence(
    der(tags.version, der(tags.integer, Buffer.from([2]))),
    // With its first bit set it would be negative.
    der(tags.integer, Buffer.concat([Buffer.from([0x40]), randomBytes(8)])),
    sequence(ids.ecdsaWithSha256),
    name,
    sequence(utcTime(-hoursValid / 2), utcTime(hoursValid / 2)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      tags.extensions,
      sequence(
        sequence(ids.subjectAltName, der(tags.octets, sequence(...hosts))),
        sequence(ids.basicConstraints, yes, der(tags.octets, sequence(yes))),
      ),
    ),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)]);
  const certificate = sequence(body, sequence(ids.ecdsaWithSha256), der(tags.bits, signature));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  id: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
  dnsName: 0x82,
  ipAddress: 0x87,
  version: 0xa0,
  extensions: 0xa3,
} as const;

const ids = {
  commonName: id('550403'),
  subjectAltName: id('551d11'),
  basicConstraints: id('551d13'),
  ecdsaWithSha256: id('2a8648ce3d040302'),
} as const;

const yes = der(tags.boolean, Buffer.from([0xff]));

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  // From 128 on a length says first how many bytes it takes; two reach 65,535.
  const head =
    length < 128
      ? [tag, length]
      : length < 256
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(tags.sequence, ...parts);
}

function id(hex: string): Buffer {
  return der(tags.id, Buffer.from(hex, 'hex'));
}

function utcTime(hoursFromNow: number): Buffer {
  const time = new Date(Date.now() + hoursFromNow * 3_600_000).toISOString();
  return der(tags.utcTime, Buffer.from(`${time.slice(2, 19).replace(/[-:T]/g, '')}Z`));
}
