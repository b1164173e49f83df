import type { JsonValue, MaybePromise, Session, Sessions } from 'sojourn'
import type { Case, CaseContext } from '../case.ts'

/** What the adapter cases run on. What is optional here, a framework may lack: then `without` says why. */
export interface AdapterContext extends CaseContext {
  /**
   * Starts a real server, on plain HTTP and a loopback address, with the adapter mounted as its users mount it, and one
   * route that hands every request to `handle`. The case closes it.
   */
  serve(sessions: Sessions<AdapterData>, handle: AdapterHandler): MaybePromise<AdapterServer>
  /** `true` where what a handler throws becomes a response that the adapter sees (a framework's error page). */
  readonly errorPages?: true
}

export type AdapterData = Record<string, JsonValue>

export interface AdapterServer {
  /** `http://127.0.0.1:38127` */
  readonly origin: string
  close(): MaybePromise<void>
}

/** A handler in no framework's words. What it throws, the framework gets to see. */
export type AdapterHandler = (session: Session<AdapterData>, request: AdapterRequest) => MaybePromise<AdapterReply>

export interface AdapterRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
}

/** What the framework is to answer, in the way its users would write it. */
export interface AdapterReply {
  /** Default 200. */
  readonly status?: number
  /** To be set in this order; a repeated name is sent as often as it is given. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** A text at once, or texts as they come, each to be written on its own. Left out: no body. */
  readonly body?: string | AsyncIterable<string>
}

export type AdapterCase = Case<AdapterContext>

/** Guarantees of the design, as the cases name them. */
export const ENDED = '1 Ended is ended'
export const NO_LOST_UPDATE = '2 No lost update'
export const STRICT = '3 Strict'
export const FRESH_TOKEN = '5 Fresh token on every change of privilege'
export const FAIL_CLOSED = '7 Fail closed'
export const QUIET = '8 Quiet'
export const HOSTILE = '9 Hostile input costs nothing'
