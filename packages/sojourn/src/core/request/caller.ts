import type { RequestView } from '../contracts/carrier.ts'
import { SessionError, type SessionErrorCode } from '../contracts/errors.ts'
import type { SessionEventName, SessionEvents } from '../contracts/events.ts'
import type { SessionId, SessionRecord, Tombstone } from '../contracts/record.ts'
import type { MaybePromise, Store } from '../contracts/store.ts'
import { isPromise, rescue } from '../lib/maybe.ts'
import { isOwn } from '../token/once.ts'
import type { Setup } from './setup.ts'

/** The caller of core: a request (its `State`), or a method of `sessions` itself (`view: null`). */
export interface Caller {
  readonly setup: Setup
  readonly view: RequestView | null
  /** The application's store, or that of the request if its carrier holds the records itself. */
  readonly store: Store
}

type Operation = 'read' | 'readNow' | 'create' | 'write' | 'end' | 'list' | 'sweep' | 'scan' | 'setup'
type Method<Name extends Operation> = NonNullable<Store[Name]>
type AnyStore = Record<Operation, (...args: readonly unknown[]) => MaybePromise<unknown>>

/**
 * Makes one call of the store. Any error becomes `ERR_STORE`, and a `fault` for the operator. A record from before the last
 * `endAll` is returned as ended.
 */
export function ask<Name extends Operation>(
  by: Caller,
  operation: Name,
  ...args: Parameters<Method<Name>>
): ReturnType<Method<Name>> {
  const value = call(by, operation, ...args)
  return (isPromise<unknown>(value) ? whenKnown(by, operation, value) : inEra(by, operation, value)) as ReturnType<
    Method<Name>
  >
}

/** Reads the marker at the same time, if that is due. */
function whenKnown(by: Caller, operation: Operation, value: Promise<unknown>): Promise<unknown> {
  const mine = isFresh(by.setup) || by.setup.eras.renew()
  return value.then((late) => inEra(by, operation, late, mine))
}

/** Whether this process certainly knows the era, or the read that this request began. */
type Known = boolean | Promise<void>

/** Only a live record has an era. Within a lease, the answer is synchronous if that of the store is. */
function inEra(by: Caller, operation: Operation, value: unknown, mine: Known = false): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { kind, status } = value as { readonly kind?: string; readonly status?: string }
  if (kind === 'ended' || status === 'written' || status === 'gone') return value
  const sure = sureOfEra(by, by.setup.clock(), mine)
  return isPromise(sure) ? sure.then(() => withoutOver(by, operation, value)) : withoutOver(by, operation, value)
}

/** Lists and pages stay whole, because `erase` and the clearing need the records that are over. */
function withoutOver(by: Caller, operation: Operation, value: object): unknown {
  const { record = value as SessionRecord } = value as { readonly record?: SessionRecord }
  if (record.kind !== 'live' || !isOver(by.setup, record)) return value
  const { id, userId, expiresAt } = record
  const { reason } = by.setup.eras.marker
  if (operation === 'end') {
    emit(by, 'ended', { id, userId, reason })
    return null
  }
  // No request may take it for a session that its client has just replaced.
  const tombstone: Tombstone = { kind: 'ended', id, reason, endedAt: 0, expiresAt }
  return record === value ? tombstone : { status: 'gone', tombstone }
}

/** Whether the session began before the last `endAll` that this process knows of. */
export function isOver({ eras }: Setup, { id, userId, head: { era = 0 } }: SessionRecord): boolean {
  return era < eras.marker.era && !isOwn(id, userId)
}

/** Waits until this process certainly knows which sessions `endAll` has ended. */
export function sureOfEra(by: Caller, now: number = by.setup.clock(), mine: Known = false): MaybePromise<void> {
  const { eras } = by.setup
  const known = isFresh(by.setup, now) || (typeof mine === 'object' ? mine : eras.renew())
  if (known === true) return
  return rescue<void>(() => eras.sure(typeof known === 'object' ? known : null), failing(by, 'read'))
}

/** Whether this process read the marker of `endAll` a moment ago. Every request asks. */
function isFresh({ clock, eras }: Setup, now: number = clock()): boolean {
  const { from, until, untilUptime } = eras.fresh
  return now >= from && now < until && performance.now() < untilUptime
}

/** As `ask`, for what concerns no session. */
export function call<Name extends Operation>(
  by: Caller,
  operation: Name,
  ...args: Parameters<Method<Name>>
): ReturnType<Method<Name>> {
  if (by.setup.closed) throw new SessionError('ERR_CLOSED')
  try {
    const value = (by.store as unknown as AnyStore)[operation](...args)
    return (isPromise(value) ? value.catch(failing(by, operation)) : value) as ReturnType<Method<Name>>
  } catch (cause) {
    return failing(by, operation)(cause)
  }
}

// A function of its own, so that only calls that return a promise allocate for it.
export function failing(by: Caller, operation: string): (cause: unknown) => never {
  return (cause) => fault(by, operation, cause, 'ERR_STORE', `${by.store.name} failed to ${operation}.`)
}

/** Returns the current record, if `read` may be a moment behind. */
export function readNow(by: Caller, id: SessionId): MaybePromise<SessionRecord | Tombstone | null> {
  return ask(by, by.store.readNow === undefined ? 'read' : 'readNow', id)
}

/** Emits an event with the request that caused it. */
export function emit<Name extends SessionEventName>(
  { setup, view }: Caller,
  name: Name,
  detail: SessionEvents[Name],
): void {
  if (setup.events.isHeard) setup.events.emit(name, detail, view)
}

/** Reports a failure to the operator, and throws it. It gets this code unless it has one. */
export function fault(by: Caller, operation: string, cause: unknown, code: SessionErrorCode, detail: string): never {
  const error = cause instanceof SessionError ? cause : new SessionError(code, detail, cause)
  emit(by, 'fault', { operation, error })
  throw error
}
