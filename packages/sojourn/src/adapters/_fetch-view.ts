import type { RequestView } from '../core/contracts/carrier.ts'
import { isHandshake } from '../core/lib/view.ts'
import { type Client, findClient, type TrustProxy } from './_trust-proxy.ts'

/** Presents a fetch request as core's view. */
export class FetchView implements RequestView {
  readonly #request: Request
  readonly #trust: TrustProxy
  readonly #peer: () => string | null
  /** Set by the adapter if the application gave it a parser. */
  body: unknown = undefined

  /** `peer` returns the address at the other end of the connection, which a fetch request does not contain. */
  constructor(request: Request, trust: TrustProxy = false, peer: () => string | null = () => null) {
    this.#request = request
    this.#trust = trust
    this.#peer = peer
  }

  get method(): string {
    return this.#request.method
  }

  get url(): string {
    const { url } = this.#request
    // `Headers` throws on names that begin with a colon, which HTTP/2 uses. Without a `Host`, the URL has the host.
    return url.slice(url.indexOf('/', url.indexOf('://') + 3))
  }

  get secure(): boolean {
    const near = this.#request.url.startsWith('https:')
    return this.#trust === false ? near : this.#client(near).secure
  }

  get peer(): string | null {
    return this.#trust === false ? this.#peer() : this.#client(false).peer
  }

  get canSetHeaders(): boolean {
    return !isHandshake(this)
  }

  header(name: string): string | null {
    // `Headers` throws on the names that HTTP/2 begins with a colon. Without a `Host`, the URL says to whom the request is addressed.
    if (name === ':authority') return new URL(this.#request.url).host
    return this.#request.headers.get(name)
  }

  #client(secure: boolean): Client {
    return findClient({ secure, peer: this.#peer() }, this.#trust, (name) => this.header(name))
  }
}
