import type { RequestView } from './carrier.ts'
import type { AccountChange, EndReason, SessionId } from './record.ts'
import type { Refusal } from './session.ts'
import type { StoreEvent } from './store.ts'

/**
 * The request that caused an event, as the client sent it, to find it in other logs. Each text has at most 200 characters.
 * No header besides these, and no query, because it may contain secrets.
 */
export interface RequestFacts {
  readonly method: string
  /** The path as received, without the query. */
  readonly path: string
  /** The host to which the request was addressed, in lower case; `''` if it names none. */
  readonly host: string
  /** The `Origin` header, `null` if absent. */
  readonly origin: string | null
  /** The client's address, `null` if the runtime does not provide it. It is personal data. */
  readonly address: string | null
}

/** Events for audit logs and metrics. No event contains a token, a key or session data. */
export interface SessionEvents {
  /** An anonymous session was stored for the first time. */
  created: { readonly id: SessionId }
  /** A user logged in. `replaced`: the previous session of this request, or `null`. */
  login: {
    readonly id: SessionId
    readonly userId: string
    readonly replaced: SessionId | null
    readonly methods: readonly string[]
    readonly assurance: string | null
  }
  /** The user gave proof again on a live session. */
  reauthenticated: {
    readonly id: SessionId
    readonly userId: string
    readonly methods: readonly string[]
    readonly assurance: string | null
  }
  /** The token was replaced immediately. */
  rotated: { readonly id: SessionId; readonly userId: string | null }
  /** The client presented the renewed token for the first time. The grace of the old token starts. */
  renewed: { readonly id: SessionId; readonly userId: string | null }
  /** A session of another library became one of ours, because the client presented it. `carrier`: on which carrier. */
  adopted: { readonly id: SessionId; readonly userId: string | null; readonly carrier: string }
  /** A session ended. */
  ended: { readonly id: SessionId; readonly userId: string | null; readonly reason: EndReason }
  /**
   * A user's account changed, and all of their sessions were treated accordingly. `count`: how many were ended, or must prove who
   * the user is. `kept`: the session that stays as it is.
   */
  account: {
    readonly userId: string
    readonly change: AccountChange
    readonly kept: SessionId | null
    readonly count: number
  }
  /** A presented token was refused. `id` is `null` if the token names no session. */
  refused: { readonly id: SessionId | null; readonly reason: Refusal }
  /** Alarm: an old or wrong secret came with a real locator, so somebody kept a copy. `ended`: whether this ended the session. */
  reuse: { readonly id: SessionId; readonly userId: string | null; readonly ended: boolean }
  /** A guard answered in place of a handler. */
  denied: { readonly guard: string; readonly reason: string }
  /** A guard noticed something. `finding` is its stable word, `score` its certainty from 0 to 1. */
  finding: {
    readonly guard: string
    readonly id: SessionId | null
    readonly userId: string | null
    readonly finding: string
    readonly score: number | null
    readonly message: string
  }
  /** Stored data did not fit the schema. The event has paths, no values. */
  invalidData: { readonly id: SessionId; readonly paths: readonly string[] }
  /** The state of the store, from stores that monitor themselves. */
  store: StoreEvent
  /** The store failed, or a listener threw. */
  fault: { readonly operation: string; readonly error: unknown }
}

/** `login`, `ended`, `refused`, ... */
export type SessionEventName = keyof SessionEvents
/**
 * The argument of a listener: the event's own fields, its name as `type`, its time as `at`, and the request that caused it
 * (`null`: a call of `sessions`, such as `sessions.revoke`, or the store).
 */
export type SessionEvent<Name extends SessionEventName = SessionEventName> = {
  [N in Name]: SessionEvents[N] & { readonly type: N; readonly at: Date; readonly request: RequestFacts | null }
}[Name]
/** A listener of one event, or of all (`'*'`): then `event.type` has the name. */
export type SessionListener<Name extends SessionEventName | '*'> = (
  event: SessionEvent<Name extends SessionEventName ? Name : SessionEventName>,
) => void

/** Implemented by `createEmitter`. */
export interface Emitter {
  /** Whether anybody has listened yet. Until then, an event needs no call. */
  readonly isHeard: boolean
  on<Name extends SessionEventName | '*'>(name: Name, listener: SessionListener<Name>): () => void
  emit<Name extends SessionEventName>(name: Name, detail: SessionEvents[Name], view?: RequestView | null): void
}
