import type { RequestView } from './carrier.ts'

/** A refusal of the whole request, before any handler runs. */
export interface Denial {
  /** HTTP status of the response. */
  readonly status: number
  /** Stable, for logs and tests: `cross-origin`. */
  readonly reason: string
  /** For the person who reads the response: what happened and what to do. */
  readonly message: string
}

/** Something that watches requests. Pure and quick: it sees each request before the store is asked. */
export interface Guard {
  /** For messages: `cross-origin`. */
  readonly name: string
  /** `null`: let it pass. */
  check(view: RequestView): Denial | null
}
