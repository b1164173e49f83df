import { type HttpResponse, headerOf } from '../../http/exchange.ts'

/** How long browsers use nothing but TLS for this host after this response (RFC 6797). 0 without the header. */
export function strictSeconds(response: HttpResponse | null): number {
  return Number(/max-age="?(\d+)/i.exec(headerOf(response, 'strict-transport-security') ?? '')?.[1] ?? 0)
}
