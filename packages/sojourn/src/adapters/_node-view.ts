import type { RequestView } from '../core/contracts/carrier.ts'
import { isHandshake } from './_handshake.ts'
import type { NodeRequest } from './_node-types.ts'
import { type Client, findClient, type TrustProxy } from './_trust-proxy.ts'

/** Presents a node request as core's view. Computes each value only when it is read, because most requests read two of them. */
export class NodeView<Request extends NodeRequest = NodeRequest> implements RequestView {
  protected readonly request: Request
  readonly #trust: TrustProxy

  constructor(request: Request, trust: TrustProxy = false) {
    this.request = request
    this.#trust = trust
  }

  get method(): string {
    return this.request.method ?? 'GET'
  }

  get url(): string {
    return this.request.originalUrl ?? this.request.url ?? '/'
  }

  get secure(): boolean {
    return this.#trust === false ? this.request.socket.encrypted === true : this.#client().secure
  }

  get peer(): string | null {
    return this.#trust === false ? (this.request.socket.remoteAddress ?? null) : this.#client().peer
  }

  get canSetHeaders(): boolean {
    return !isHandshake(this)
  }

  header(name: string): string | null {
    const value = this.request.headers[name]
    if (typeof value === 'string') return value
    return Array.isArray(value) ? value.join(', ') : null
  }

  #client(): Client {
    const { socket } = this.request
    const near = { secure: socket.encrypted === true, peer: socket.remoteAddress ?? null }
    return findClient(near, this.#trust, (name) => this.header(name))
  }
}
