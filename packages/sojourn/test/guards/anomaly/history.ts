import type { Access } from './internet.ts'

/** What somebody does at a time. */
export interface Step {
  readonly atMs: number
  /** A client with a jar of its own: `owner`, `thief`, `visitor 7`. */
  readonly who: string
  readonly does:
    | 'visit'
    | 'login'
    | 'logout'
    | 'write'
    | 'forge'
    | 'fail'
    | 'privileged'
    /** Copies the jar of `from` as it is now. */
    | 'copy'
    /** Brings back the jar of the last `copy` to it. */
    | 'restore'
  readonly from?: string
  readonly peer: string
  readonly agent: string
}

/** One labelled history of a session, or of a network. */
export interface History {
  readonly kind: string
  readonly hostile: boolean
  /** From this moment, a finding is right. `null`: never. */
  readonly attackMs: number | null
  readonly steps: readonly Step[]
}

/** Where a client is, how it calls itself, and which of its addresses it uses. */
export interface Position {
  readonly access: Access
  readonly host: number
  readonly agent: string
  /** The probability that a request uses IPv6, if there is any. */
  readonly v6: number
}
