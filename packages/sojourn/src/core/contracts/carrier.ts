import type { Token } from './record.ts'
import type { Refusal } from './session.ts'
import type { MaybePromise, Store } from './store.ts'

/** The part of a request that core and carriers see. Adapters build it. Only `peer` and `secure` can be trusted. */
export interface RequestView {
  readonly method: string
  /** Path and query as received: `/cart?x=1`. */
  readonly url: string
  /** Whether the client's connection is encrypted, according to the adapter's own socket or a trusted proxy. */
  readonly secure: boolean
  /** The client's address, or `null` if the runtime does not provide it. */
  readonly peer: string | null
  /**
   * `false` if no header of the response reaches the client: a WebSocket, a page that is rendered on the server. Then the
   * client keeps its token (no renewal), and verbs that have to hand out a token throw `ERR_NO_HEADERS`. Default: `true`.
   */
  readonly canSetHeaders?: boolean
  /**
   * The fields of the body, if a parser of the application read it before the sessions were opened: an object by name,
   * `URLSearchParams` or `FormData`. The client chooses what is in it.
   */
  readonly body?: unknown
  /** One header by its lower-case name, `null` if absent. Repeated fields are joined as HTTP joins them (`cookie`: `; `). */
  header(name: string): string | null
}

/**
 * One header for the response. `append` adds it to existing values (`Set-Cookie`, `Vary`). `default` sets it only if the
 * application has not set it. `replace` replaces the application's value; an empty value removes the header.
 */
export interface HeaderChange {
  readonly name: string
  readonly value: string
  readonly how: 'append' | 'default' | 'replace'
}

/** Why and for how long the client gets a token. */
export interface TokenLife {
  /** In seconds. `null`: until the client ends its own session (a browser: when it closes). */
  readonly maxAgeSeconds: number | null
  /** Whether this request logged a user in. */
  readonly isLogin?: boolean
}

/** The tokens that `read` found. `overflow`: the request has more candidates than the carrier reads; core treats this as ambiguous. */
export interface Candidates {
  readonly values: readonly string[]
  readonly overflow: boolean
}

/**
 * For a carrier that holds whole records instead of tokens, such as an encrypted cookie. Its `read` returns the token inside,
 * and its `write` sends the record with it.
 */
export interface CarriedRecords {
  /** What such records lack, as in `Store.lacks`. */
  readonly lacks?: Store['lacks']
  /**
   * Returns the store of one request: it reads the record that the client presents, and keeps what the request writes until
   * `write` sends it. `shared` is the application's store, which can remember what ended. Called once for each request.
   */
  of(view: RequestView, shared: Store): Store
}

/** What `adopt` and `vouch` of `sojourn/carriers/kit` return: how core finds the session that a text stands for. */
export interface Translation {
  readonly kind: 'adopt' | 'vouch'
}

/**
 * How a token travels. A carrier is pure: it reads a request and returns headers as values. It keeps no state except which
 * warnings it has given. `read` gets hostile input: it must never throw, its work is bounded, and its result may not be a token.
 */
export interface Carrier {
  /** Name for messages: `cookie`, `bearer`. */
  readonly name: string
  /** Whether clients attach the token by themselves, as browsers do with cookies. Such requests need a cross-origin check. */
  readonly ambient: boolean
  /** Where the client keeps the token (`cookie __Host-session`). Core warns if two carriers use the same place. */
  readonly place?: string
  /** The request headers that `read` uses, as in `Vary`: `Cookie`. */
  readonly vary: string
  read(view: RequestView): Candidates
  /**
   * For a carrier that accepts other texts than our tokens, such as another library's cookie or an access token. Called for
   * each text that `read` found, before anything is read from the store. Returns what `adopt` or `vouch` of
   * `sojourn/carriers/kit` makes, the reason why the text is refused, or `null` for a text that may be our token. It gets
   * hostile input, so it checks the text's signature first. If it throws or rejects, the request fails with `ERR_CARRIER` (503):
   * the client keeps what it has.
   */
  readonly translate?: (text: string, view: RequestView) => MaybePromise<Translation | Refusal | null>
  /** Set if the carrier holds the records itself. Then a change of the record is sent like a token. */
  readonly records?: CarriedRecords
  /**
   * This carrier never sends a token: the last carrier that does sends it instead, and `clear` of this one is sent with it, so
   * that the client forgets what it presented here. Default: `false`.
   */
  readonly readOnly?: boolean
  /**
   * Called if `read` found a token that, according to the store, this application did not issue. A carrier can then warn
   * that another application keeps its token in the same place. Leave it out if nobody would see the warning.
   */
  readonly foreign?: (view: RequestView, why: 'malformed' | 'forged' | 'unknown') => void
  /** Returns the headers that give the client a token. */
  write(view: RequestView, token: Token, life: TokenLife): readonly HeaderChange[]
  /** Returns the headers that make the client delete its token. */
  clear(view: RequestView): readonly HeaderChange[]
  /**
   * Returns the headers that delete duplicates of the token, with another path, domain or partition, but not the one that `write`
   * sets. Called if the client sent more than one token. Leave it out if the client can hold only one.
   */
  clearDuplicates?(view: RequestView): readonly HeaderChange[]
}
