import type { RequestView } from '../core/contracts/carrier.ts'

/**
 * Whether the request opens a connection for another protocol: a WebSocket handshake, or HTTP/2's CONNECT. Handlers use
 * its session long after the response has begun, so no cookie that they cause reaches the client.
 */
export function isHandshake(view: Pick<RequestView, 'method' | 'header'>): boolean {
  return view.method === 'CONNECT' || (view.method === 'GET' && /\bwebsocket\b/i.test(view.header('upgrade') ?? ''))
}
