import { BlockList, isIPv4 } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isEverAllowed, kindOfAddress, mayConnectTo, type AddressKind } from '../../src/base/address-kind.ts';

describe('an address is', () => {
  test.each<[AddressKind, readonly string[]]>([
    ['public', ['140.82.121.6', '8.8.8.8', '2606:50c0:8000::153', '2a01:4f8::1', '172.15.0.1', '172.32.0.1']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fdff::1', 'fec0::1']],
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1']],
    ['link-local', ['169.254.1.1', 'fe80::1', 'febf::1', 'fe80::1%eth0']],
    ['carrier-grade NAT', ['100.64.0.1', '100.127.255.255']],
    ['documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.9', '2001:db8::1', '3fff:fff::1']],
    ['benchmark', ['198.18.0.1', '198.19.255.255', '2001:2::1']],
    ['reserved', ['240.0.0.1', '255.255.255.255', '192.0.0.8', '2001:1::1', '4000::1', '100::1', 'fe00::1']],
    ['unspecified', ['0.0.0.0', '0.1.2.3', '::']],
    ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1']],
    [
      'metadata',
      [
        '169.254.169.254',
        '169.254.170.2',
        '169.254.170.23',
        '100.100.100.200',
        '168.63.129.16',
        'fd00:ec2::254',
        'fd00:0ec2:0:0:0:0:0:254',
        'fd00:ec2::23',
        'fd20:ce::254',
      ],
    ],
    ['tunnel', ['2002:7f00:1::', '2002:808:808::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2', '::10.0.0.1']],
  ])('%s', (kind, addresses) => {
    expect(addresses.map((address) => [address, kindOfAddress(address)])).toEqual(
      addresses.map((address) => [address, kind]),
    );
  });

  test('reserved when it is none', () => {
    const texts = [
      '',
      'localhost',
      '127.1',
      '0x7f000001',
      '2130706433',
      '0177.0.0.1',
      '1.2.3.4.5',
      '::g',
      '[::1]',
    ];
    expect(new Set(texts.map(kindOfAddress))).toEqual(new Set(['reserved']));
  });
});

describe('an IPv6 address that stands for an IPv4 address is what that is:', () => {
  const stands: readonly [string, (ipv4: string) => string][] = [
    ['IPv4-mapped', (ipv4) => `::ffff:${ipv4}`],
    ['IPv4-mapped, in hexadecimal', (ipv4) => `::ffff:${hex(ipv4)}`],
    ['NAT64', (ipv4) => `64:ff9b::${ipv4}`],
    ['NAT64, written out', (ipv4) => `0064:ff9b:0:0:0:0:${hex(ipv4)}`],
  ];
  test.each(stands)('%s', (_, stand) => {
    for (const ipv4 of [
      '8.8.8.8',
      '127.0.0.1',
      '10.1.2.3',
      '169.254.169.254',
      '0.0.0.0',
      '100.64.0.1',
      '224.0.0.1',
    ])
      expect([ipv4, kindOfAddress(stand(ipv4))]).toEqual([ipv4, kindOfAddress(ipv4)]);
  });

  test("a network's own NAT64 is private, and metadata behind it is metadata wherever it stands in the address", () => {
    expect(kindOfAddress('64:ff9b:1::8.8.8.8')).toBe('private');
    for (const address of [
      '64:ff9b:1:2:3:4:169.254.169.254',
      '64:ff9b:1:a9fe:a9:fe00::',
      '64:ff9b:1:a9:fe:a9fe::',
      '64:ff9b:1:0:a9:fea9:fe00::',
    ])
      expect([address, kindOfAddress(address)]).toEqual([address, 'metadata']);
  });
});

test('the word of an operator opens the private network, and never metadata or what no server has', () => {
  const kinds: readonly AddressKind[] = [
    'public',
    'private',
    'loopback',
    'link-local',
    'carrier-grade NAT',
    'documentation',
    'benchmark',
    'reserved',
    'metadata',
    'unspecified',
    'multicast',
    'tunnel',
  ];
  expect(kinds.filter((kind) => mayConnectTo(kind, false))).toEqual(['public']);
  expect(kinds.filter((kind) => !mayConnectTo(kind, true))).toEqual([
    'metadata',
    'unspecified',
    'multicast',
    'tunnel',
  ]);
  expect(kinds.filter((kind) => !isEverAllowed(kind))).toEqual([
    'metadata',
    'unspecified',
    'multicast',
    'tunnel',
  ]);
});

/** Independent of ours: as Node's own parser and comparison know them. */
function ranges(family: 'ipv4' | 'ipv6', list: string): BlockList {
  const made = new BlockList();
  for (const range of list.split(' ')) {
    const [net = '', bits] = range.split('/');
    made.addSubnet(net, Number(bits), family);
  }
  return made;
}

// One list would take each IPv4 address for its IPv4-mapped form, and block it with that.
const blocked4 = ranges(
  'ipv4',
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 ' +
    '192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3',
);
const blocked6 = ranges(
  'ipv6',
  '::/8 100::/8 200::/7 400::/6 800::/5 1000::/4 2001::/23 2001:db8::/32 2002::/16 3fff::/20 4000::/2 8000::/1',
);
const translated = ranges('ipv6', '64:ff9b::/96 ::ffff:0:0/96');

function isBlocked(address: string): boolean {
  if (isIPv4(address)) return blocked4.check(address, 'ipv4');
  if (!translated.check(address, 'ipv6')) return blocked6.check(address, 'ipv6');
  const groups = new URL(`http://[${address}]/`).hostname.slice(1, -1).split(':').slice(-2);
  const [high = 0, low = 0] = groups.map((group) => Number.parseInt(group === '' ? '0' : group, 16));
  return blocked4.check([high >> 8, high & 255, low >> 8, low & 255].join('.'), 'ipv4');
}

const byte = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.oneof(
  fc.ipV4(),
  // Near the edges of the ranges.
  fc
    .tuple(fc.constantFrom(0, 10, 100, 127, 169, 172, 192, 198, 203, 224, 239, 240, 255), byte, byte, byte)
    .map((bytes) => bytes.join('.')),
);
const ipv6 = fc.oneof(
  fc.ipV6(),
  fc
    .tuple(
      fc.constantFrom(
        '::',
        '::ffff:',
        '64:ff9b::',
        '64:ff9b:1::',
        '2002:',
        '2001:',
        'fe80::',
        'fd00::',
        '2a00::',
        '::ffff:0:',
      ),
      ipv4,
    )
    .map(([start, end]) =>
      /[^:]:$/.test(start) && !start.includes('::') ? `${start}${hex(end)}::` : `${start}${end}`,
    ),
);

test('any address is public exactly where another table and another parser say so', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), (address) => {
      expect([address, kindOfAddress(address) === 'public']).toEqual([address, !isBlocked(address)]);
    }),
    { numRuns: 5_000 },
  );
});

test('how an address is written changes nothing', () => {
  fc.assert(
    fc.property(ipv6, (address) => {
      const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
      expect(kindOfAddress(address)).toBe(kindOfAddress(canonical));
      expect(kindOfAddress(address.toUpperCase())).toBe(kindOfAddress(canonical));
      expect(kindOfAddress(`${address}%eth0`)).toBe(kindOfAddress(canonical));
    }),
  );
});

/** `7f00:1` */
function hex(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}
