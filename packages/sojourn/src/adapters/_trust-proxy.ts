import { SessionError } from '../core/contracts/errors.ts'

/**
 * Which proxies to believe about the client's address and scheme (`X-Forwarded-For`, `X-Forwarded-Proto`). `false` (default):
 * none. A number: that many proxies before the server. A function: those whose address it accepts. `true`: everyone, which is
 * safe only if no client can reach the server without the proxies.
 */
export type TrustProxy = boolean | number | ((address: string) => boolean)

/**
 * Throws `ERR_OPTION` for values that Express and Fastify accept but this option does not. If an address counted as `true`,
 * everyone would be trusted.
 */
export function assertTrustProxy(trust: unknown, caller: string): void {
  if (trust === undefined || typeof trust === 'boolean' || typeof trust === 'function') return
  if (typeof trust === 'number' && Number.isInteger(trust) && trust >= 0) return
  throw new SessionError(
    'ERR_OPTION',
    `${caller}: trustProxy is the number of proxies in front, true, false, or a function: (address) => address === '10.0.0.7'.`,
  )
}

/** What is known about the client. */
export interface Client {
  readonly secure: boolean
  readonly peer: string | null
}

/**
 * Walks from the socket towards the client, one trusted proxy at a time. The first address that is not trusted is the client's.
 * The client may have made up everything left of it in `X-Forwarded-For`.
 */
export function findClient(socket: Client, trust: TrustProxy, header: (name: string) => string | null): Client {
  if (trust === false || !trusts(trust, socket.peer, 0)) return socket
  const addresses = toList(header('x-forwarded-for')).map(toAddress)
  let hops = 1
  while (hops <= addresses.length && trusts(trust, addresses.at(-hops) ?? null, hops)) hops++
  const address = addresses.at(-Math.min(hops, addresses.length))
  const schemes = toList(header('x-forwarded-proto'))
  // A proxy may replace the header or append to it. The outermost trusted proxy wrote the value that is as far from the end as
  // there are hops.
  const scheme = schemes.at(-Math.min(hops, schemes.length))?.toLowerCase()
  return {
    secure: scheme === undefined ? socket.secure : scheme === 'https',
    peer: address !== undefined && ADDRESS.test(address) ? address : socket.peer,
  }
}

/** Precise enough to distinguish an address from made-up text. */
const ADDRESS = /^[\da-f.:]{2,45}$/i

/**
 * Returns the address only. Proxies append a port (`192.0.2.7:4711`) or a network interface (`%eth0`), put IPv6 in brackets, and
 * write IPv4 as IPv6 (`::ffff:192.0.2.7`). Dual-stack sockets do the latter too.
 */
function toAddress(text: string): string {
  return text
    .replace(/^"(.*)"$/, '$1')
    .replace(/^\[([\da-f:.%\w]*)\](?::\d{1,5})?$/i, '$1')
    .replace(/^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/, '$1')
    .replace(/^([\da-f:.]+)%[\w.-]{1,20}$/i, '$1')
    .replace(/^::ffff:(?=\d+\.)/i, '')
}

function trusts(trust: TrustProxy, address: string | null, hop: number): boolean {
  if (typeof trust === 'number') return hop < trust
  if (typeof trust === 'function') return address !== null && trust(toAddress(address))
  return trust
}

function toList(value: string | null): string[] {
  return value === null ? [] : value.split(',').map((part) => part.trim())
}
