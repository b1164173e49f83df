import type { Token } from './record.ts'

/** What core and carriers see of a request. Adapters build it; nothing here is trusted but `peer` and `secure`. */
export interface RequestView {
  readonly method: string
  /** Path and query as received: `/cart?x=1`. */
  readonly url: string
  /** Whether the client's connection is encrypted, as far as the adapter can know (its own socket, or a trusted proxy's word). */
  readonly secure: boolean
  /** The client's address, or `null` where the runtime does not tell. */
  readonly peer: string | null
  /** One header by lower-case name, `null` when absent. Repeated fields come joined as HTTP joins them (`cookie`: `; `). */
  header(name: string): string | null
}

/**
 * One header to put on the response. `append`: beside what is there (`Set-Cookie`, `Vary`).
 * `default`: only if the application has not set that header itself. `replace`: in place of whatever the application
 * has set, and an empty value removes the header.
 */
export interface HeaderChange {
  readonly name: string
  readonly value: string
  readonly how: 'append' | 'default' | 'replace'
}

/** How long the client should keep the token. `null`: until it forgets the session by itself (a browser: when it closes). */
export interface TokenLife {
  readonly maxAgeSeconds: number | null
}

/** What `read` found. `overflow`: more candidates than the carrier is ready to look at; treated as ambiguous. */
export interface Candidates {
  readonly values: readonly string[]
  readonly overflow: boolean
}

/**
 * How a token travels. Pure: reads a request, returns headers as values, keeps no state but "warned already".
 * `read` gets hostile bytes: it never throws, does bounded work, and may return text that is no token at all.
 */
export interface Carrier {
  /** For messages: `cookie`, `bearer`. */
  readonly name: string
  /** Whether clients attach it without being asked, as browsers do with cookies: then requests need a cross-origin check. */
  readonly ambient: boolean
  /** Where at the client it keeps the token, for a warning when two of them use the same: `cookie __Host-session`. */
  readonly place?: string
  /** The request headers that `read` looks at, as `Vary` names them: `Cookie`. */
  readonly vary: string
  read(view: RequestView): Candidates
  /**
   * Told when `read` found what this application did not hand out, as far as the store knows. Here a carrier can warn of
   * another application that keeps its token in the same place. Left out where nobody would see the warning.
   */
  readonly foreign?: (view: RequestView, why: 'malformed' | 'forged' | 'unknown') => void
  /** Hands the client a token. */
  write(view: RequestView, token: Token, life: TokenLife): readonly HeaderChange[]
  /** Makes the client forget its token. */
  clear(view: RequestView): readonly HeaderChange[]
  /** Makes the client forget stray variants of the token (another path or domain) but not the one that `write` sets. */
  clearStrays(view: RequestView): readonly HeaderChange[]
}
