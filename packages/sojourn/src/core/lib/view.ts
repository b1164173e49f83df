import type { RequestView } from '../contracts/carrier.ts'
import type { RequestFacts } from '../contracts/events.ts'

/** A name has at most 253 characters, a port five. */
const MAX_HOST_CHARACTERS = 260

/**
 * Returns the host that the request is addressed to, in lower case: `shop.example:8443`. `''` if it is missing. HTTP/2 calls it
 * `:authority`.
 */
export function hostOf(view: RequestView): string {
  const host = view.header('host') ?? view.header(':authority') ?? ''
  return host.length > MAX_HOST_CHARACTERS ? '' : host.toLowerCase()
}

/** A client writes the text and chooses its length. */
const MAX_CHARACTERS = 200
/** A name and a password before the host. No browser sends them, but a request's target may be a whole URL. */
const USERINFO = /^([a-z][a-z\d+.-]*:\/\/|\/\/)?[^/?#]*@/i

export function factsOf(view: RequestView): RequestFacts {
  const shorten = <T extends string | null>(text: T): T =>
    (text?.replace(USERINFO, '$1').slice(0, MAX_CHARACTERS) ?? null) as T
  const [path = ''] = view.url.split(/[?#;]/, 1)
  return {
    method: shorten(view.method),
    path: shorten(path),
    host: shorten(hostOf(view)),
    origin: shorten(view.header('origin')),
    address: shorten(view.peer),
  }
}

/** Returns `hostOf` without the port. */
export function hostnameOf(view: RequestView): string {
  return toHostname(hostOf(view))
}

/** Removes the port from `shop.example:8443`. An IPv6 address contains colons, and is in brackets. */
export function toHostname(host: string): string {
  const colon = host.lastIndexOf(':')
  return colon > host.lastIndexOf(']') ? host.slice(0, colon) : host
}

/** Whether a name or address means this machine (RFC 6761, section 6.3), written as in a URL. */
export function isLoopbackHostname(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || name.endsWith('.localhost') || /^127\.\d+\.\d+\.\d+$/.test(name)
}

/** Does the same for a socket's address. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}

const FORWARDING = [
  'forwarded',
  'via',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
] as const

/** Whether a forwarding header is present. Any client can send one, so it may only make a decision stricter. */
export function isForwarded(view: RequestView): boolean {
  return FORWARDING.some((name) => view.header(name) !== null)
}

/** Whether a forwarding header states that the client used TLS. */
export function saysHttps(view: RequestView): boolean {
  return /https/i.test(`${view.header('x-forwarded-proto')} ${view.header('forwarded')}`)
}

/** Whether the request comes from this machine and addresses it by a loopback name. */
export function isLoopback(view: RequestView): boolean {
  return (view.peer === null || isLoopbackAddress(view.peer)) && isLoopbackHostname(hostnameOf(view))
}

/** Whether the page behind the request is on this machine, or unknown. */
export function isLoopbackOrigin(view: RequestView): boolean {
  const origin = view.header('origin')
  if (origin === null || origin === 'null') return true
  return isLoopbackHostname(toHostname(origin.toLowerCase().replace(/^https?:\/\//, '')))
}

/**
 * Whether a developer's own browser made the request, without a proxy between. A production proxy on this machine can rewrite
 * `Host` to `localhost` and send no forwarding header (nginx does by default). The `Origin` that browsers send with a login then
 * still names the real host, so it is checked too.
 */
export function isLocalDevelopment(view: RequestView): boolean {
  return !view.secure && isLoopback(view) && !isForwarded(view) && isLoopbackOrigin(view)
}

/**
 * Whether the request opens a connection for another protocol: a WebSocket handshake, or HTTP/2's CONNECT. Handlers use
 * its session long after the response has begun, so no cookie that they cause reaches the client.
 */
export function isHandshake(view: Pick<RequestView, 'method' | 'header'>): boolean {
  return view.method === 'CONNECT' || (view.method === 'GET' && /\bwebsocket\b/i.test(view.header('upgrade') ?? ''))
}

/** Whether a page of another origin made the request, but not by a link or a form. */
export function isEmbedded(view: RequestView): boolean {
  const isOwn = /^(?:same-origin|none)?$/.test(view.header('sec-fetch-site') ?? '')
  return !isOwn && view.header('sec-fetch-mode') !== 'navigate'
}
