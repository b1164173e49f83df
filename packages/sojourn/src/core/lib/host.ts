import type { RequestView } from '../contracts/carrier.ts'
import type { RequestFacts } from '../contracts/events.ts'

/** A name has at most 253 characters, a port five. */
const MAX_HOST_CHARACTERS = 260

/** To whom the request is addressed, `shop.example:8443`, in lower case; `''` when it does not say. HTTP/2 calls it `:authority`. */
export function hostOf(view: RequestView): string {
  const host = view.header('host') ?? view.header(':authority') ?? ''
  return host.length > MAX_HOST_CHARACTERS ? '' : host.toLowerCase()
}

/** A client writes all of it, and chooses its length. */
const MAX_CHARACTERS = 200

export function factsOf(view: RequestView): RequestFacts {
  const shorten = <T extends string | null>(text: T): T => (text?.slice(0, MAX_CHARACTERS) ?? null) as T
  const [path = ''] = view.url.split('?', 1)
  return {
    method: shorten(view.method),
    path: shorten(path),
    host: shorten(hostOf(view)),
    origin: shorten(view.header('origin')),
    address: shorten(view.peer),
  }
}

/** `hostOf` without the port. */
export function hostnameOf(view: RequestView): string {
  return toHostname(hostOf(view))
}

/** `shop.example:8443` without the port; an IPv6 address has colons of its own, and brackets around them. */
export function toHostname(host: string): string {
  const colon = host.lastIndexOf(':')
  return colon > host.lastIndexOf(']') ? host.slice(0, colon) : host
}

/** The names and addresses that mean this very machine (RFC 6761, section 6.3), written as in a URL. */
export function isLoopbackHostname(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || name.endsWith('.localhost') || /^127\.\d+\.\d+\.\d+$/.test(name)
}

/** The same of a socket's address. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}
