import { assertUserId } from '../../core/contracts/check-options.ts'
import type { SessionId } from '../../core/contracts/record.ts'
import type { MaybePromise, Store } from '../../core/contracts/store.ts'
import { nextTry } from '../../core/lib/turns.ts'
import { toHeadChange } from '../../core/token/secrets.ts'
import { isSessionId } from '../../core/token/token.ts'
import { isSubject, type SubjectId } from './events.ts'

/** Where a subject comes from. A subject means something only to the issuer that wrote it. */
export interface SignalSource {
  readonly issuer: string
  /** The member `tenant` of a complex subject. */
  readonly tenant: SubjectId | null
}

export type UserOf = (subject: SubjectId, from: SignalSource) => MaybePromise<string | null | undefined>
export type SessionsOf = (
  subject: SubjectId,
  from: SignalSource & { readonly userId: string | null },
) => MaybePromise<readonly string[] | null | undefined>

/** Which sessions an event is about: all of a user, or those with these ids, of this user if one is named. */
export interface Target {
  readonly userId: string | null
  readonly ids: readonly string[] | null
}

/**
 * `unknown-user`: the subject names nobody here. `unmapped`: it names sessions in a way that nobody here understands, so acting on all
 * sessions of the user would go too far.
 */
export type Miss = 'unknown-user' | 'unmapped'

export async function toTarget(
  subject: SubjectId,
  issuer: string,
  userOf: UserOf,
  sessionsOf: SessionsOf | undefined,
): Promise<Target | Miss> {
  if (subject.format !== 'complex') return toUser(await userOf(subject, { issuer, tenant: null }))
  const tenant = isSubject(subject.tenant) ? subject.tenant : null
  const { user } = subject
  const found = isSubject(user) ? toUser(await userOf(user, { issuer, tenant })) : null
  if (typeof found === 'string') return found
  const narrows = Object.keys(subject).some((name) => !['format', 'user', 'tenant'].includes(name))
  if (!narrows) return found ?? 'unknown-user'
  const userId = found?.userId ?? null
  const ids =
    sessionsOf === undefined ? namedBy(subject, userId) : await sessionsOf(subject, { issuer, tenant, userId })
  return ids == null ? 'unmapped' : { userId, ids }
}

function toUser(userId: string | null | undefined): Target | Miss {
  if (userId == null || userId === '') return 'unknown-user'
  assertUserId(userId)
  return { userId, ids: null }
}

/** Without the application's help, only our own id of a session of a known user says which one is meant. */
function namedBy(
  { format: _, user: __, tenant: ___, ...rest }: SubjectId,
  userId: string | null,
): readonly string[] | null {
  const { session, ...others } = rest
  const isOurs = isSubject(session) && session.format === 'opaque' && typeof session.id === 'string'
  return userId !== null && isOurs && Object.keys(others).length === 0 ? [String(session.id)] : null
}

/** The parts of `createSessions` that events act on. */
export interface Sessions {
  readonly store: Store
  list(userId: string): Promise<readonly { readonly id: SessionId; readonly createdAt: Date }[]>
  revoke(id: string, reason?: string): Promise<boolean>
  revokeAll(userId: string, options?: { readonly reason?: string }): Promise<number>
}

/** The target's live sessions that began before this time, ms since the epoch. */
export async function idsOf(
  sessions: Sessions,
  { userId, ids }: Target,
  before: number,
): Promise<readonly SessionId[]> {
  if (ids === null) {
    const infos = await sessions.list(userId ?? '')
    return infos.filter(({ createdAt }) => createdAt.getTime() < before).map(({ id }) => id)
  }
  const found = await Promise.all(ids.filter(isSessionId).map((id) => sessions.store.read(id)))
  return found.flatMap((one) =>
    one?.kind === 'live' && one.createdAt < before && (userId === null || one.userId === userId) ? [one.id] : [],
  )
}

/** Ends these sessions of the target. Resolves with their number. */
export async function end(
  sessions: Sessions,
  target: Target,
  ids: readonly SessionId[],
  reason: string,
): Promise<number> {
  const { userId } = target
  // Ends also what cannot be read, if nothing of the user has to stay.
  if (target.ids === null && userId !== null && (await sessions.list(userId)).length === ids.length) {
    return sessions.revokeAll(userId, { reason })
  }
  const ended = await Promise.all(ids.map((id) => sessions.revoke(id, reason)))
  return ended.filter(Boolean).length
}

/**
 * Stops trusting proof that was given before the event: the users stay logged in, get a new token at their next request, and must
 * prove who they are before anything that requires a recent proof. Resolves with the number of sessions.
 */
export async function distrust(store: Store, ids: readonly SessionId[], before: number, now: number): Promise<number> {
  const done = await Promise.all(ids.map((id) => distrustOne(store, id, before, now)))
  return done.filter(Boolean).length
}

async function distrustOne(store: Store, id: SessionId, before: number, now: number): Promise<boolean> {
  let kept = await store.read(id)
  for (let tries = 0; kept?.kind === 'live'; tries = nextTry(tries)) {
    const { head } = kept
    if (head.distrustedAt !== undefined || (head.authenticatedAt ?? Number.POSITIVE_INFINITY) >= before) return false
    const written = await store.write(id, toHeadChange(kept, { ...head, distrustedAt: now, renewDue: true }))
    if (written.status !== 'conflict') return written.status === 'written'
    kept = written.record
  }
  return false
}
