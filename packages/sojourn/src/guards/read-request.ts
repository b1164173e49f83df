import type { RequestView } from '../core/contracts/carrier.ts'

/** Methods that change nothing (RFC 9110, section 9.2.1). A page of another origin cannot read their responses. */
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']
/** Protocols that carry the same requests and responses. Some clients offer an upgrade to one of them with every request. */
const PLAIN_HTTP = /^\s*(?:h2c?|tls\/[\d.]+|http\/[\d.]+)?\s*$/i
/** Modes in which a browser gets one response. `websocket` and `webtransport` are not among them. */
const RESPONSE_MODES = /^(?:navigate|nested-navigate|same-origin|no-cors|cors)?$/

/**
 * Whether the method and headers show that the request only reads. A WebSocket handshake is a GET too, but a page of another
 * origin could then read and write on the connection as the user. HTTP/2 uses CONNECT for the handshake, which is not a safe
 * method.
 */
export function isRead(view: RequestView): boolean {
  return (
    SAFE_METHODS.includes(view.method) &&
    (view.header('upgrade') ?? '').split(',').every((protocol) => PLAIN_HTTP.test(protocol)) &&
    RESPONSE_MODES.test(view.header('sec-fetch-mode') ?? '')
  )
}
