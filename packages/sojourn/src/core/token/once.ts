import { sha256Text } from '#crypto'
import { checkArgument } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import type { SessionId, SessionRecord } from '../contracts/record.ts'
import type { Store } from '../contracts/store.ts'
import { toUtf8 } from '../lib/bytes.ts'
import { nextTry } from '../lib/turns.ts'
import { createNonce, toHeadChange } from './secrets.ts'
import { toId } from './token.ts'

/**
 * Whether this is the first use of `key`: `true` for exactly one of all calls, in every process that shares the store, until
 * the time `until` (a `Date`, or ms since the epoch). For ids of signed tokens (`jti`), tickets, idempotency keys.
 *
 * - `key`: any text that is not empty. Put the purpose in front (`ticket:...`), so that two kinds of keys do not meet.
 *   The store keeps only a hash of it.
 * - `until`: from this time the store forgets the key, so choose it no earlier than the thing itself expires. With a time
 *   that has passed, the answer is `false`.
 * - `clock`: ms since the epoch. Default `Date.now`.
 *
 * One write of the store for a first use. Rejects with `ERR_OPTION` for a wrong argument or a store that may lose writes
 * (its `lacks` has `lost-update`), and with `ERR_STORE` if the store cannot answer: then treat the key as used.
 *
 * ```ts
 * if (!(await once(store, `ticket:${ticket.id}`, ticket.expiresAt))) throw new Error('This ticket was used.')
 * ```
 */
export async function once(
  store: Store,
  key: string,
  until: Date | number,
  clock: () => number = Date.now,
): Promise<boolean> {
  checkArgument(key, 'string', 'key')
  // The time of a signed token may have a fraction.
  const expiresAt = Math.floor(Number(until))
  if (key === '' || !Number.isSafeInteger(expiresAt)) {
    throw new SessionError('ERR_OPTION', 'once takes a key that is not empty, and a time.')
  }
  if (store.lacks?.['lost-update'] !== undefined) {
    throw new SessionError('ERR_OPTION', `once needs another store: ${store.lacks['lost-update']}`)
  }
  // `performance.timeOrigin + performance.now()` has fractions, which whole numbers of a database do not take.
  const now = Math.floor(clock())
  if (expiresAt <= now) return false
  try {
    return await take(store, toOwnRecord(toOnceId(key), now, expiresAt))
  } catch (cause) {
    if (cause instanceof SessionError) throw cause
    throw new SessionError('ERR_STORE', `${store.name} failed to keep a key.`, cause)
  }
}

/** Whether `once` was called with this key, and its time has not come. Past any cache. */
export async function wasUsed(store: Store, key: string, clock: () => number): Promise<boolean> {
  const id = toOnceId(key)
  const kept = await (store.readNow?.(id) ?? store.read(id))
  return kept !== null && clock() < kept.expiresAt
}

/**
 * A record of our own, such as a key of `once`, that no token opens: a nonce is not as long as a hash. The nonce makes each call's record different,
 * because a store that sent a command twice recognizes its own write by its content. Each one has a user of its own, because a full memory store
 * forgets records without a user.
 */
export function toOwnRecord(id: SessionId, now: number, expiresAt: number): SessionRecord {
  const times = { createdAt: now, lastSeenAt: now, expiresAt }
  return {
    kind: 'live',
    id,
    userId: `${ONCE}${id}`,
    version: 0,
    ...times,
    head: { secret: createNonce(), secretAt: now },
    data: {},
  }
}

/** The id under which the key is kept. */
export function toOnceId(key: string): SessionId {
  return toId(sha256Text(toUtf8(`sojourn once v1 ${key}`)))
}

const ONCE = 'sojourn once '

/** Whether the record of this id and user is one of our own, and no session. */
export function isOwn(id: SessionId, userId: string | null): boolean {
  return userId === ONCE + id
}

async function take(store: Store, record: SessionRecord): Promise<boolean> {
  const { id, head, expiresAt, lastSeenAt: now } = record
  for (let tries = 0; ; tries = nextTry(tries)) {
    if (await store.create(record)) return true
    const kept = await store.read(id)
    if (kept === null) continue
    if (kept.kind === 'ended' || now < kept.expiresAt) return false
    // Expired, and not swept yet. The version lets one of several callers have it.
    const { status } = await store.write(id, { ...toHeadChange(kept, head), seen: { at: now, expiresAt } })
    if (status !== 'gone') return status === 'written'
  }
}
