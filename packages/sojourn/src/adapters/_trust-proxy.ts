import { SessionError } from '../core/contracts/errors.ts'

/**
 * Whose word to take for the client's address and scheme (`X-Forwarded-For`, `X-Forwarded-Proto`): `false` (default)
 * nobody's, a number that many proxies before the server, a function those whose address it accepts, `true`
 * everybody's, which is safe only where no client can reach the server past the proxies.
 */
export type TrustProxy = boolean | number | ((address: string) => boolean)

/** `ERR_OPTION` for what Express and Fastify would take and this does not. An address, taken for `true`, would trust everybody. */
export function assertTrustProxy(trust: unknown, caller: string): void {
  if (trust === undefined || typeof trust === 'boolean' || typeof trust === 'function') return
  if (typeof trust === 'number' && Number.isInteger(trust) && trust >= 0) return
  throw new SessionError(
    'ERR_OPTION',
    `${caller}: trustProxy is the number of proxies in front, true, false, or a function: (address) => address === '10.0.0.7'.`,
  )
}

/** The client as far as it is known. */
export interface Client {
  readonly secure: boolean
  readonly peer: string | null
}

/**
 * Walks from the socket towards the client, one trusted proxy at a time. The first address that is not trusted is the
 * client's: whatever stands left of it in `X-Forwarded-For`, the client may have made up.
 */
export function findClient(socket: Client, trust: TrustProxy, header: (name: string) => string | null): Client {
  if (trust === false || !trusts(trust, socket.peer, 0)) return socket
  const addresses = toList(header('x-forwarded-for')).map(toAddress)
  let hops = 1
  while (hops <= addresses.length && trusts(trust, addresses.at(-hops) ?? null, hops)) hops++
  const address = addresses.at(-Math.min(hops, addresses.length))
  const schemes = toList(header('x-forwarded-proto'))
  // A proxy may replace the header or add to it: the outermost trusted one wrote the value as far from the end as there are hops.
  const scheme = schemes.at(-Math.min(hops, schemes.length))?.toLowerCase()
  return {
    secure: scheme === undefined ? socket.secure : scheme === 'https',
    peer: address !== undefined && ADDRESS.test(address) ? address : socket.peer,
  }
}

/** Near enough to tell an address from text that somebody made up. */
const ADDRESS = /^[\da-f.:]{2,45}$/i

/**
 * The address alone. Proxies write a port behind it (`192.0.2.7:4711`), IPv6 in brackets, a network interface (`%eth0`),
 * and IPv4 as IPv6 (`::ffff:192.0.2.7`), as sockets do that listen for both.
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
