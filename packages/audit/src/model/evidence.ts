/** A request and its answer. Every secret in it is replaced by the name of a variable. */
export interface MaskedExchange {
  /** Counts all exchanges of the audit, from 1. */
  readonly number: number
  /** A description of the client that sent it: `victim`, `attacker`, `after logout`. Each has its own cookie jar. */
  readonly client: string
  /** What it was sent for: `log in`, `logged-in check`. */
  readonly purpose: string
  /** In ms since the epoch. */
  readonly startedAt: number
  readonly durationMs: number
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: readonly (readonly [name: string, value: string])[]
    readonly body: string | null
  }
  /** `null` if no answer came; `fault` has the reason. */
  readonly response: {
    readonly status: number
    readonly headers: readonly (readonly [name: string, value: string])[]
    /** The beginning of the body, if it is text. */
    readonly body: string
  } | null
  readonly fault: string | null
}

/** A secret, which commands name instead of showing. */
export interface Variable {
  /** `SID_1`: used as `$SID_1`. */
  readonly name: string
  /** Where to get it: `cookie sid, set by exchange 3`. */
  readonly from: string
}

/** The proof of a finding: commands to run, and the exchanges of the audit. */
export interface Evidence {
  /** What the exchanges show, in one sentence. */
  readonly says: string
  /** One `curl` command for each exchange, in order. Secrets are `$VARIABLES`. */
  readonly curl: readonly string[]
  readonly variables: readonly Variable[]
  readonly exchanges: readonly MaskedExchange[]
}
