import type { Carrier, RequestView } from './carrier.ts'

/** A response that replaces the handler's: a refusal, a redirect, a response that a protocol requires. */
export interface Answer {
  /** HTTP status of the response. */
  readonly status: number
  /** Stable word for logs and tests: `cross-origin`. */
  readonly reason: string
  /** What happened and what to do, for the reader of the response. It is the plain-text body unless `body` is set. */
  readonly message: string
  /** Headers by lower-case name. Without `cache-control`, no cache keeps the response. */
  readonly headers?: Readonly<Record<string, string>>
  /** The body. Also set `content-type` in `headers`. */
  readonly body?: string
}

/** A request before the store is read. */
export interface Incoming {
  readonly view: RequestView
  /** The carrier of this request: the first on which the client presents anything, or else the last one. */
  readonly carrier: Carrier
  /** Whether the client presents anything on this carrier. */
  readonly presents: boolean
}

/** Checks each request before the store is read, so it must be fast. */
export interface Guard {
  /** Name for messages: `cross-origin`. */
  readonly name: string
  /** Returns the answer to a request that must not reach a handler, or `null` to let it pass. */
  check(incoming: Incoming): Answer | null
}
