import type { RequestView } from '../contracts/carrier.ts'
import { checkArgument } from '../contracts/check-options.ts'
import { toLogged } from '../contracts/errors.ts'
import type { Emitter, RequestFacts, SessionEventName, SessionEvents } from '../contracts/events.ts'
import { attempt } from './maybe.ts'
import { factsOf } from './view.ts'
import type { Warn } from './warn.ts'

const MANY = 100

const NAMES: readonly (SessionEventName | '*')[] = [
  '*',
  'created',
  'login',
  'reauthenticated',
  'rotated',
  'renewed',
  'adopted',
  'ended',
  'account',
  'refused',
  'reuse',
  'denied',
  'finding',
  'invalidData',
  'store',
  'fault',
]

/** If a listener throws or rejects, the emitter emits a `fault`. The error never reaches the request that caused the event. */
export function createEmitter(clock: () => number, warn: Warn): Emitter {
  const listeners = new Map<SessionEventName | '*', Set<(event: never) => unknown>>()

  function emit<Name extends SessionEventName>(
    name: Name,
    detail: SessionEvents[Name],
    view: RequestView | null = null,
  ): void {
    const found = [...(listeners.get(name) ?? []), ...(listeners.get('*') ?? [])]
    if (found.length === 0) return
    const now = clock()
    const request = view && describe(view)
    const fail = (error: unknown): void => {
      if (name !== 'fault') emit('fault', { operation: `listener of '${name}'`, error }, view)
    }
    for (const listener of found) {
      // Another listener may have stopped it during this event.
      if (![name, '*' as const].some((each) => listeners.get(each)?.has(listener))) continue
      attempt(() => listener(toEvent(name, detail, now, request) as never), fail)
    }
  }

  const emitter: Emitter & { isHeard: boolean } = {
    isHeard: false,
    emit,
    on(name, listener) {
      emitter.isHeard = true
      checkArgument(name, NAMES, 'name')
      checkArgument(listener, 'function', 'listener')
      // The caller may pass one function twice and stop each on its own.
      const own = (event: never): unknown => listener(event)
      const found = listeners.get(name) ?? new Set()
      listeners.set(name, found.add(own))
      if (found.size === MANY) warn(`${MANY} listeners of '${name}'. Does each request call sessions.on?`)
      return () => void found.delete(own)
    },
  }
  return emitter
}

/** Each listener gets its own, because one that edits its event must not change what the others see. */
function toEvent(type: SessionEventName, detail: object, now: number, request: RequestFacts | null): object {
  const own = Object.entries(detail).map(([key, value]) => [key, Array.isArray(value) ? [...value] : value])
  const event = { ...Object.fromEntries(own), type, at: new Date(now), request: request && { ...request } }
  const { error } = event
  if (!(error instanceof Error)) return event
  // A log of JSON lines would show an error of a driver or of the application as `{}`.
  return Object.defineProperty(event, 'toJSON', { value: () => ({ ...event, error: toLogged(error) }) })
}

/** The application may have written how the address is found. If that throws, the event is emitted without the request. */
function describe(view: RequestView): RequestFacts | null {
  try {
    return factsOf(view)
  } catch {
    return null
  }
}
