import type { RequestView } from './carrier.ts'

/** A refusal of the whole request, before any handler runs. */
export interface Denial {
  readonly status: number
  /** Stable, for logs and tests: `cross-origin`. */
  readonly reason: string
  /** For the person who reads the response: what happened and what to do. */
  readonly message: string
}

/** Something that watches requests. Pure and quick: it sees each request before the store is asked. */
export interface Guard {
  readonly name: string
  check(view: RequestView): Denial | null
}
