import type { Carrier, RequestView } from './carrier.ts'

/** A response in place of the handler's: a refusal, a redirect, an answer that a protocol asks for. */
export interface Answer {
  /** HTTP status of the response. */
  readonly status: number
  /** Stable, for logs and tests: `cross-origin`. */
  readonly reason: string
  /** For the person who reads the response: what happened and what to do. It is the body, as plain text, unless `body` is given. */
  readonly message: string
  /** By lower-case name. Without `cache-control`, no cache keeps the response. */
  readonly headers?: Readonly<Record<string, string>>
  /** Set `content-type` in `headers` beside it. */
  readonly body?: string
}

/** A request before the store is asked. */
export interface Incoming {
  readonly view: RequestView
  /** The carrier that counts for this request: the first on which the client presents anything, or the last of all. */
  readonly carrier: Carrier
  /** Whether the client presents anything on it. */
  readonly presents: boolean
}

/** Something that watches requests. It sees each one before the store is asked, so it has to be quick. */
export interface Guard {
  /** For messages: `cross-origin`. */
  readonly name: string
  /** The answer to a request that must not reach a handler; `null` lets it pass. */
  check(incoming: Incoming): Answer | null
}
