import type { CarrierClient } from '@sojourn/conformance'
import type { RequestView } from 'sojourn'
import { viewOf } from './views.ts'

/** An app that keeps its token itself: it takes it from this response header, and presents it as `present` says. */
export function createScript(header: string, present: (token: string) => RequestView): CarrierClient {
  let token: string | null = null
  return {
    request: () => (token === null ? viewOf('https://api.shop.example/cart') : present(token)),
    receive(changes) {
      for (const { name, value } of changes) if (name === header) token = value === 'none' ? null : value
    },
  }
}

export function withHeaders(headers: Readonly<Record<string, string>>): RequestView {
  return viewOf('https://api.shop.example/cart', { headers })
}
