import type { RequestView } from '../core/contracts/carrier.ts'

/** Methods that change nothing (RFC 9110, section 9.2.1). What they answer, a page of another origin cannot read. */
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']
/** Protocols that carry the same request and response as before. Some clients offer them with every request. */
const PLAIN_HTTP = /^\s*(?:h2c?|tls\/[\d.]+|http\/[\d.]+)?\s*$/i
/** What browsers say of requests whose response is one response. `websocket` and `webtransport` are none of these. */
const RESPONSE_MODES = /^(?:navigate|nested-navigate|same-origin|no-cors|cors)?$/

/**
 * Whether the request can only read, as far as its method and headers tell. A handshake is a GET too, but it opens a
 * connection on which the page that opened it reads and writes: a page of another origin could act as the user.
 * HTTP/2 has CONNECT for that, which is no safe method.
 */
export function isRead(view: RequestView): boolean {
  return (
    SAFE_METHODS.includes(view.method) &&
    (view.header('upgrade') ?? '').split(',').every((protocol) => PLAIN_HTTP.test(protocol)) &&
    RESPONSE_MODES.test(view.header('sec-fetch-mode') ?? '')
  )
}
