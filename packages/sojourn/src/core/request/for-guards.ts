import type { RequestView } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { SessionEvents } from '../contracts/events.ts'
import type { Finding, Guard, GuardOwner } from '../contracts/guard.ts'
import type { EndReason } from '../contracts/record.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { chain } from '../lib/maybe.ts'
import { once, toOnceId } from '../token/once.ts'
import { revokeAll as revokeEach, revoke as revokeOne } from './admin.ts'
import { type Caller, emit, readNow } from './caller.ts'
import type { Setup } from './setup.ts'

// What a guard can do with sessions that are not the request's own. Nothing in core calls these functions, so an application that
// does not use them does not bundle them.

/** What a guard acts with: its owner, and the request for which it acts, so that events name it. */
export interface Acting {
  readonly owner: GuardOwner
  readonly view: RequestView
}

/** Ends one session by its id, as `sessions.revoke`, in the name of this request. */
export async function revoke(acting: Acting, id: string, reason: EndReason): Promise<boolean> {
  return revokeOne(toCaller(acting), id, reason)
}

/** Ends all sessions of a user, as `sessions.revokeAll`, in the name of this request. */
export async function revokeAll(acting: Acting, userId: string, reason: EndReason): Promise<number> {
  return revokeEach(toCaller(acting), userId, reason)
}

/** As `once`, with the store and the clock of the owner. */
export async function markUsed({ owner }: Acting, key: string, until: Date | number): Promise<boolean> {
  const { store, clock } = setupOf(owner)
  return once(store, key, until, clock)
}

/** Whether `markUsed` was called with this key, and its time has not come. */
export function wasUsed(acting: Acting, key: string): MaybePromise<boolean> {
  const by = toCaller(acting)
  return chain(readNow(by, toOnceId(key)), (kept) => kept !== null && by.setup.clock() < kept.expiresAt)
}

/** Where the owner sends warnings for the developer. */
export function warnOf(owner: GuardOwner): (message: string) => void {
  return setupOf(owner).warn
}

/** Emits `finding` for a session that is not the request's own. */
export function reportOn(
  acting: Acting,
  { name }: Guard,
  { id, userId }: Pick<SessionEvents['finding'], 'id' | 'userId'>,
  { finding, score, message }: Finding,
): void {
  emit(toCaller(acting), 'finding', { guard: name, id, userId, finding, score: score ?? null, message })
}

/** Emits `fault`, for a failure that must not fail the request. */
export function reportFault(acting: Acting, { name }: Guard, error: unknown): void {
  emit(toCaller(acting), 'fault', { operation: `guard ${name}`, error })
}

function toCaller({ owner, view }: Acting): Caller {
  const setup = setupOf(owner)
  return { setup, view, store: setup.store }
}

/** The owner is core's own caller, whose type is not for guards. */
function setupOf(owner: GuardOwner): Setup {
  const { setup } = owner as Partial<Caller>
  if (setup === undefined)
    throw new SessionError('ERR_OPTION', 'The owner of a guard is what createSessions passed to joined.')
  return setup
}
