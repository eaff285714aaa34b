import { isIP } from 'node:net';

/** What an IP address leads to, as far as it matters to whoever connects there. `public`: somebody else's machine on the internet. */
export type AddressKind =
  | 'public'
  | 'private'
  | 'loopback'
  | 'link-local'
  | 'carrier-grade NAT'
  | 'documentation'
  | 'benchmark'
  | 'reserved'
  | 'metadata'
  | 'unspecified'
  | 'multicast'
  | 'tunnel';

/** No server of anybody's is there, or it is where a cloud keeps the machine's own credentials: no word of an operator opens these. */
const neverAllowed: ReadonlySet<AddressKind> = new Set(['metadata', 'unspecified', 'multicast', 'tunnel']);

/** Whether an address of this kind may be connected to: a public one, or another one where the operator has allowed the private network. */
export function mayConnectTo(kind: AddressKind, allowPrivateNetwork: boolean): boolean {
  return kind === 'public' || (allowPrivateNetwork && !neverAllowed.has(kind));
}

/** Whether an operator's word could allow addresses of this kind. */
export function isEverAllowed(kind: AddressKind): boolean {
  return mayConnectTo(kind, true);
}

/**
 * What an IPv4 or IPv6 address leads to; a zone (`%eth0`) changes nothing. An IPv6 address that stands for an IPv4 one is what that one
 * is. What is no address, or is not assigned to anybody yet, is `reserved`. Ranges: IANA's special-purpose address registries for
 * IPv4 and IPv6 (RFC 6890) and its list of IPv6 global unicast assignments.
 */
export function kindOfAddress(address: string): AddressKind {
  const bytes = bytesOf(address);
  if (bytes === undefined) return 'reserved';
  if (bytes.length === 4) return firstOf(ipv4Ranges, bytes) ?? 'public';
  const carried = carriers
    .find(({ range }) => isWithin(bytes, range))
    ?.at.map((at) => at.map((i) => bytes[i] ?? 0));
  const kinds = carried?.map((ipv4) => firstOf(ipv4Ranges, ipv4) ?? 'public') ?? [];
  // Whoever translates it would lead us there, wherever in the address the translator looks for it.
  if (kinds.includes('metadata')) return 'metadata';
  return firstOf(ipv6Ranges, bytes) ?? kinds[0] ?? 'reserved';
}

interface Range {
  readonly bytes: readonly number[];
  /** How many bits of them count. */
  readonly bits: number;
}

interface Kinds {
  readonly kind: AddressKind;
  readonly ranges: readonly Range[];
}

/** In order: the first that holds an address says what it is. */
const ipv4Ranges: readonly Kinds[] = [
  kinds('metadata', [
    '169.254.169.254/32', // nearly all clouds
    '169.254.170.2/32', // Amazon ECS: credentials of a task
    '169.254.170.23/32', // Amazon EKS: credentials of a Pod
    '169.254.0.23/32', // Tencent
    '169.254.42.42/32', // Scaleway
    '100.100.100.200/32', // Alibaba
    '168.63.129.16/32', // Azure, among public ones
    '192.0.0.192/32', // Oracle
  ]),
  kinds('unspecified', ['0.0.0.0/8']),
  kinds('loopback', ['127.0.0.0/8']),
  kinds('private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']),
  kinds('carrier-grade NAT', ['100.64.0.0/10']),
  kinds('link-local', ['169.254.0.0/16']),
  kinds('documentation', ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24']),
  kinds('benchmark', ['198.18.0.0/15']),
  kinds('multicast', ['224.0.0.0/4']),
  kinds('tunnel', ['192.88.99.0/24']),
  kinds('reserved', ['192.0.0.0/24', '240.0.0.0/4']),
];

/** The same; but for these only 2000::/3 is anybody's, see the last line. */
const ipv6Ranges: readonly Kinds[] = [
  kinds('metadata', [
    'fd00:ec2::254/128', // Amazon EC2
    'fd00:ec2::23/128', // Amazon EKS
    'fd20:ce::254/128', // Google
    'fd00:42::42/128', // Scaleway
    'fe80::a9fe:a9fe/128', // OpenStack
  ]),
  kinds('unspecified', ['::/128']),
  kinds('loopback', ['::1/128']),
  // The second is a network's own NAT64 (RFC 8215), the third site-local: ULA before there was ULA.
  kinds('private', ['fc00::/7', '64:ff9b:1::/48', 'fec0::/10']),
  kinds('link-local', ['fe80::/10']),
  kinds('documentation', ['2001:db8::/32', '3fff::/20']),
  kinds('benchmark', ['2001:2::/48']),
  kinds('multicast', ['ff00::/8']),
  // IPv4-compatible, IPv4-translated, Teredo and 6to4: nobody has been behind them for long, and they lead into IPv4.
  kinds('tunnel', ['::/96', '::ffff:0:0:0/96', '2001::/32', '2002::/16']),
  kinds('reserved', ['2001::/23']),
  kinds('public', ['2000::/3']),
];

/** IPv6 ranges whose addresses carry an IPv4 address, and the places of its bytes in them. */
const carriers: readonly { readonly range: Range; readonly at: readonly (readonly number[])[] }[] = [
  { range: rangeOf('::ffff:0:0/96'), at: [[12, 13, 14, 15]] },
  { range: rangeOf('64:ff9b::/96'), at: [[12, 13, 14, 15]] },
  {
    range: rangeOf('64:ff9b:1::/48'),
    // By prefixes of 96, 64, 56 and 48 bits (RFC 6052, 2.2): it is the network's own choice.
    at: [
      [12, 13, 14, 15],
      [9, 10, 11, 12],
      [7, 9, 10, 11],
      [6, 7, 9, 10],
    ],
  },
];

function kinds(kind: AddressKind, ranges: readonly string[]): Kinds {
  return { kind, ranges: ranges.map(rangeOf) };
}

function rangeOf(cidr: string): Range {
  const [address = '', bits] = cidr.split('/');
  return { bytes: bytesOf(address) ?? [], bits: Number(bits) };
}

function firstOf(kindsInOrder: readonly Kinds[], bytes: readonly number[]): AddressKind | undefined {
  return kindsInOrder.find(({ ranges }) => ranges.some((range) => isWithin(bytes, range)))?.kind;
}

function isWithin(bytes: readonly number[], range: Range): boolean {
  return range.bytes.every((byte, index) => {
    const ignored = 8 - Math.min(8, Math.max(0, range.bits - 8 * index));
    return byte >> ignored === (bytes[index] ?? 0) >> ignored;
  });
}

/** Four bytes or sixteen; undefined where Node's own `isIP` says that it is no address. */
function bytesOf(address: string): number[] | undefined {
  const family = isIP(address);
  if (family === 0) return undefined;
  if (family === 4) return address.split('.').map(Number);
  const [bare = ''] = address.split('%');
  const [head = [], tail] = bare.split('::').map(groupsOf);
  if (tail === undefined) return head;
  return [...head, ...Array.from({ length: 16 - head.length - tail.length }, () => 0), ...tail];
}

/** The bytes of one side of a `::`, whose end may be written as IPv4. */
function groupsOf(text: string): number[] {
  return text
    .split(':')
    .filter((group) => group !== '')
    .flatMap((group) => {
      if (group.includes('.')) return group.split('.').map(Number);
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    });
}
