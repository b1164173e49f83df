import type { RequestView } from '../core/contracts/carrier.ts'
import { isLoopbackAddress } from '../core/lib/view.ts'
import { type Client, findClient } from './_trust-proxy.ts'

/** What Next shows of a request: in components and server actions, headers only. */
export interface NextRequestFacts {
  readonly method: string
  /** Path and query. `/` where Next does not tell it. */
  readonly url: string
  readonly headers: Pick<Headers, 'get'>
  readonly canSetHeaders: boolean
}

/** Headers that Next's server writes if nobody before it did. It keeps the socket to itself. */
const NEXTS_OWN = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port'] as const

/** Presents what Next shows of a request as core's view. */
export class NextView implements RequestView {
  readonly method: string
  readonly url: string
  readonly canSetHeaders: boolean
  readonly #headers: Pick<Headers, 'get'>
  readonly #trust: boolean | number
  readonly #isDirect: boolean

  constructor({ method, url, headers, canSetHeaders }: NextRequestFacts, trust: boolean | number = false) {
    this.method = method
    this.url = url
    this.canSetHeaders = canSetHeaders
    this.#headers = headers
    this.#trust = trust
    this.#isDirect = isDirect(headers)
  }

  get secure(): boolean {
    return this.#client.secure
  }

  get peer(): string | null {
    return this.#client.peer
  }

  header(name: string): string | null {
    // Otherwise each request would look as if a proxy had passed it on, and no cookie could be set on plain http://localhost.
    if (this.#isDirect && (NEXTS_OWN as readonly string[]).includes(name)) return null
    return this.#headers.get(name)
  }

  get #client(): Client {
    return findClient({ secure: false, peer: null }, this.#trust, (name) => this.#headers.get(name))
  }
}

/** Whether the forwarding headers are those that Next writes for a client on this machine. */
function isDirect(headers: Pick<Headers, 'get'>): boolean {
  return (
    isLoopbackAddress(headers.get('x-forwarded-for') ?? '') &&
    headers.get('x-forwarded-proto') === 'http' &&
    headers.get('x-forwarded-host') === headers.get('host')
  )
}
