import { checkArgument } from './check-options.ts'
import type { EndReason, SessionId } from './record.ts'
import type { Refusal } from './session.ts'
import type { StoreEvent } from './store.ts'

/** Fields to find a denied request in the logs of a proxy. They omit the query, because it may contain secrets. */
export interface RequestSource {
  readonly method: string
  readonly path: string
  readonly host: string
  readonly origin: string | null
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
  /** A session ended. */
  ended: { readonly id: SessionId; readonly userId: string | null; readonly reason: EndReason }
  /** A presented token was refused. `id` is `null` if the token names no session. */
  refused: { readonly id: SessionId | null; readonly reason: Refusal }
  /** Alarm: an old or wrong secret came with a real locator, so somebody kept a copy. `ended`: whether this ended the session. */
  reuse: { readonly id: SessionId; readonly userId: string | null; readonly ended: boolean }
  /** A guard denied a request. All fields except `reason` come from the client, shortened. */
  denied: { readonly reason: string } & RequestSource
  /** Stored data did not fit the schema. The event has paths, no values. */
  invalidData: { readonly id: SessionId; readonly paths: readonly string[] }
  /** The state of the store, from stores that monitor themselves. */
  store: StoreEvent
  /** The store failed, or a listener threw. */
  fault: { readonly operation: string; readonly error: unknown }
}

/** `login`, `ended`, `refused`, ... */
export type SessionEventName = keyof SessionEvents
/** The argument of a listener: the event's own fields, its name as `type`, and its time as `at`. */
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

/** If a listener throws or rejects, the emitter emits a `fault`. The error never reaches the request that caused the event. */
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
