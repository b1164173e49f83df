import type { JsonValue, MaybePromise, Session, Sessions } from 'sojourn'
import type { Case, CaseContext } from '../case.ts'

/** What the adapter cases run on. If a framework lacks an optional member, `without` gives the reason. */
export interface AdapterContext extends CaseContext {
  /**
   * Starts a real server, on plain HTTP and a loopback address. The adapter is mounted as its users mount it, and one route
   * passes every request to `handle`. The case closes the server.
   */
  serve(sessions: Sessions<AdapterData>, handle: AdapterHandler): MaybePromise<AdapterServer>
  /** `true` if an error that a handler throws becomes a response that the adapter sees (a framework's error page). */
  readonly errorPages?: true
  /** Names that the framework adds to `Vary` of every response, in lower case. Default: none. */
  readonly vary?: readonly string[]
}

export type AdapterData = Record<string, JsonValue>

export interface AdapterServer {
  /** `http://127.0.0.1:38127` */
  readonly origin: string
  close(): MaybePromise<void>
}

/** A handler that does not depend on a framework. The framework receives what it throws. */
export type AdapterHandler = (session: Session<AdapterData>, request: AdapterRequest) => MaybePromise<AdapterReply>

export interface AdapterRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
}

/** What the framework must answer, in the way that its users would write it. */
export interface AdapterReply {
  /** Default 200. */
  readonly status?: number
  /** Set in this order. A repeated name is sent as often as it appears. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** A text sent at once, or texts that are written separately as they come. Omitted: no body. */
  readonly body?: string | AsyncIterable<string>
}

export type AdapterCase = Case<AdapterContext>

/** The guarantees, as the cases name them. */
export const ENDED = '1 Ended is ended'
export const NO_LOST_UPDATE = '2 No lost update'
export const STRICT = '3 Strict'
export const FRESH_TOKEN = '5 Fresh token on every change of privilege'
export const FAIL_CLOSED = '7 Fail closed'
export const QUIET = '8 Quiet'
export const HOSTILE = '9 Hostile input costs nothing'
