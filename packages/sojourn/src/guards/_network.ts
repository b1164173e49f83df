/** Returns the network of an address, as a key: `203.0.113.7/32`, `2001:db8:0:100/56`. `'unknown'` if it is no address. */
export function networkOf(peer: string | null, ipv4Bits: number, ipv6Bits: number): string {
  const address = toAddress(peer)
  if (address === null) return 'unknown'
  return 'v4' in address
    ? `${octetsOf(masked(address.v4, ipv4Bits)).join('.')}/${ipv4Bits}`
    : toKey(address.v6, ipv6Bits)
}

/** Returns the address alone: without a port, a zone or brackets, and IPv4 not as IPv6. `null` if it is no address. */
export function toPlainAddress(peer: string | null): string | null {
  const network = networkOf(peer, 32, 128)
  return network === 'unknown' ? null : network.slice(0, network.indexOf('/'))
}

/** Whether an address belongs to this machine or to a private network (RFC 1918, 4193, 6598). */
export function isPrivate(peer: string | null): boolean {
  const address = toAddress(peer)
  if (address === null) return false
  if ('v4' in address) return PRIVATE.some(([network, bits]) => masked(address.v4, bits) === network)
  const [first = 0] = address.v6
  return (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80 || address.v6.join() === '0,0,0,0,0,0,0,1'
}

/** 10/8, 100.64/10, 127/8, 169.254/16, 172.16/12, 192.168/16. */
const PRIVATE: readonly (readonly [network: number, bits: number])[] = [
  [0x0a000000, 8],
  [0x64400000, 10],
  [0x7f000000, 8],
  [0xa9fe0000, 16],
  [0xac100000, 12],
  [0xc0a80000, 16],
]

type Address = { readonly v4: number } | { readonly v6: readonly number[] }

/** Some proxies write the port behind an address, and some runtimes the zone. */
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?::\d{1,5})?$/
const IPV6 = /^\[?([\da-f:.]{2,45})(?:%[\w.-]{1,20})?(?:\]:\d{1,5}|\])?$/i

function toAddress(peer: string | null): Address | null {
  // The longest address with a zone and a port has fewer characters.
  if (peer === null || peer.length > 80) return null
  const [, ...octets] = IPV4.exec(peer) ?? []
  if (octets.length === 4)
    return octets.every((each) => Number(each) < 256) ? { v4: toNumber(octets.map(Number)) } : null
  const groups = groupsOf(IPV6.exec(peer)?.[1] ?? '')
  if (groups === null) return null
  const [high = 0, low = 0] = groups.slice(6)
  return WITH_IPV4.includes(groups.slice(0, 6).join()) ? { v4: high * 0x10000 + low } : { v6: groups }
}

/** Networks whose addresses end in one of IPv4: `::ffff:0:0/96` (RFC 4291), `64:ff9b::/96` (RFC 6052), `::ffff:0:0:0/96` (RFC 7915). */
const WITH_IPV4 = ['0,0,0,0,0,65535', '100,65435,0,0,0,0', '0,0,0,0,65535,0']

/** `URL` accepts every spelling of an IPv6 address, and returns one without embedded IPv4. */
function groupsOf(text: string): number[] | null {
  let canonical: string
  try {
    canonical = new URL(`http://[${text}]`).hostname.slice(1, -1)
  } catch {
    return null
  }
  const [before = [], after = []] = canonical
    .split('::')
    .map((side) => (side === '' ? [] : side.split(':').map((group) => Number.parseInt(group, 16))))
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
}

function toKey(groups: readonly number[], bits: number): string {
  const kept = groups.slice(0, Math.ceil(bits / 16))
  const last = kept.length * 16 - bits
  return `${kept.map((group, i) => (i === kept.length - 1 ? (group >> last) << last : group).toString(16)).join(':')}/${bits}`
}

function masked(address: number, bits: number): number {
  const rest = 2 ** (32 - bits)
  return Math.floor(address / rest) * rest
}

function toNumber(octets: readonly number[]): number {
  return octets.reduce((sum, octet) => sum * 256 + octet, 0)
}

function octetsOf(address: number): number[] {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255)
}
