import { checkArgument } from './check-options.ts'
import type { EndReason, SessionId } from './record.ts'
import type { Refusal } from './session.ts'
import type { StoreEvent } from './store.ts'

/** What finds a refused request again in the logs of a proxy. It has no query, for that may hold secrets. */
export interface RequestSource {
  readonly method: string
  readonly path: string
  readonly host: string
  readonly origin: string | null
}

/** What happened, for audit logs and metrics. No event holds a token, a key or session data. */
export interface SessionEvents {
  /** An anonymous session was stored for the first time. */
  created: { readonly id: SessionId }
  /** A user logged in. `replaced`: the session that this request had before. */
  login: {
    readonly id: SessionId
    readonly userId: string
    readonly replaced: SessionId | null
    readonly methods: readonly string[]
    readonly assurance: string | null
  }
  /** Proof was given again on a live session. */
  reauthenticated: {
    readonly id: SessionId
    readonly userId: string
    readonly methods: readonly string[]
    readonly assurance: string | null
  }
  /** The token was replaced at once. */
  rotated: { readonly id: SessionId; readonly userId: string | null }
  /** The client presented the renewed token for the first time; the old one is in its grace. */
  renewed: { readonly id: SessionId; readonly userId: string | null }
  /** A session ended. */
  ended: { readonly id: SessionId; readonly userId: string | null; readonly reason: EndReason }
  /** A presented token was not honoured. `id` is `null` when the token named none. */
  refused: { readonly id: SessionId | null; readonly reason: Refusal }
  /** Alarm: an old or wrong secret came with a real locator, so somebody keeps a copy. `ended`: whether the session was ended for it. */
  reuse: { readonly id: SessionId; readonly userId: string | null; readonly ended: boolean }
  /** A request was denied by a guard. All but `reason` is what the client sent, shortened. */
  denied: { readonly reason: string } & RequestSource
  /** Stored data did not fit the schema. Paths only, no values. */
  invalidData: { readonly id: SessionId; readonly paths: readonly string[] }
  /** How the store is doing, told by stores that watch themselves. */
  store: StoreEvent
  /** The store failed, or a listener threw. */
  fault: { readonly operation: string; readonly error: unknown }
}

/** `login`, `ended`, `refused`, ... */
export type SessionEventName = keyof SessionEvents
/** What a listener gets: the event's own fields, its name as `type`, and when it happened. */
export type SessionEvent<Name extends SessionEventName = SessionEventName> = {
  [N in Name]: SessionEvents[N] & { readonly type: N; readonly at: Date }
}[Name]
export type SessionListener<Name extends SessionEventName> = (event: SessionEvent<Name>) => void

export interface Emitter {
  on<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): () => void
  emit<Name extends SessionEventName>(name: Name, detail: SessionEvents[Name]): void
}

const MANY = 100

const NAMES: readonly SessionEventName[] = [
  'created',
  'login',
  'reauthenticated',
  'rotated',
  'renewed',
  'ended',
  'refused',
  'reuse',
  'denied',
  'invalidData',
  'store',
  'fault',
]

/** A listener that throws or rejects becomes a `fault`, and never reaches the request that caused the event. */
export function createEmitter(clock: () => number, warn: (message: string) => void = () => {}): Emitter {
  const listeners = new Map<SessionEventName, Set<(event: never) => unknown>>()

  function emit<Name extends SessionEventName>(name: Name, detail: SessionEvents[Name]): void {
    const found = listeners.get(name)
    if (found === undefined) return
    const event = { ...detail, type: name, at: new Date(clock()) }
    const fail = (error: unknown): void => {
      if (name !== 'fault') emit('fault', { operation: `listener of '${name}'`, error })
    }
    for (const listener of [...found]) {
      try {
        const answer: unknown = listener(event as never)
        if (answer instanceof Promise) answer.catch(fail)
      } catch (error) {
        fail(error)
      }
    }
  }

  return {
    emit,
    on(name, listener) {
      checkArgument(name, NAMES, 'name')
      checkArgument(listener, 'function', 'listener')
      const found = listeners.get(name) ?? new Set()
      listeners.set(name, found.add(listener))
      if (found.size === MANY) warn(`${MANY} listeners of '${name}'. Does each request call sessions.on?`)
      return () => void found.delete(listener)
    },
  }
}
