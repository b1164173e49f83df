import { SessionError } from '../../../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../../../core/contracts/record.ts'
import type { Store } from '../../../core/contracts/store.ts'
import { orDamaged } from '../../../core/request/end-session.ts'
import type { Listed } from '../../kit/records.ts'
import { isMarked, LOCK, MOVED, SHIFT, shiftOf, toMoved, toPlaceholder, unmarked } from './marks.ts'

/** The store to move from, and the store to move to. */
export interface Move {
  readonly from: Store
  readonly to: Store
}

/** Where a session is. `value` is what `from` or `to` holds, with the marks. */
export type Place =
  | { readonly at: 'nowhere' }
  | { readonly at: 'to'; readonly value: SessionRecord | Tombstone }
  | { readonly at: 'from'; readonly value: SessionRecord | Tombstone }

/**
 * Moves one session in four steps. The process may die after each of them, and any other process can do the next:
 *
 * 1. lock it in `from`: one conditional write, after which only an end can change it there;
 * 2. read its final state;
 * 3. create it in `to`: from now on only `to` counts;
 * 4. end it in `from`.
 *
 * Once `to` has the session, `from` does not count. A late third step changes nothing, because the id is taken, by a tombstone if
 * necessary.
 */
export async function moveOne(move: Move, id: SessionId): Promise<boolean> {
  const record = await freeze(move, id)
  if (record === null) return false
  const isCreated = await move.to.create(unmarked(record))
  await move.from.end(id, toMoved(record))
  return isCreated
}

/**
 * As `moveOne`, for a session that ends. The tombstone is in `to` before `from` gives up the session, and in both when this
 * resolves.
 */
export async function moveEnded(move: Move, id: SessionId, tombstone: Tombstone): Promise<Listed | null> {
  const record = await freeze(move, id)
  if (record === null) return null
  await move.to.create(unmarked(record))
  const last = await move.to.end(id, tombstone)
  await move.from.end(id, tombstone)
  return last
}

/**
 * Ends a session that cannot be read, in either store. The tombstone is in `to`, which counts, before `from` gives up the
 * session.
 */
export async function endUnread({ from, to }: Move, tombstone: Tombstone): Promise<boolean> {
  const { id } = tombstone
  const isThere = await isTaken(to, id)
  if (!isThere) await to.create(toPlaceholder(tombstone))
  const last = await to.end(id, tombstone)
  const left = await from.end(id, tombstone)
  return isThere ? last !== null : left !== null
}

async function isTaken(store: Store, id: SessionId): Promise<boolean> {
  const found = await orDamaged(id, () => store.read(id))
  return found !== null && (found.kind !== 'live' || !isMarked(found))
}

/** Each failed attempt means that another writer succeeded, so this many in a row are not a coincidence. */
export const MAX_TRIES = 100

/**
 * Locks the record in `from`, so that it does not change any more, and returns it. `null` if there is no live record (any more).
 */
async function freeze({ from }: Move, id: SessionId): Promise<SessionRecord | null> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const found = await from.read(id)
    if (found?.kind !== 'live') return null
    if (isMarked(found)) return found
    const set = { [LOCK]: '1', [SHIFT]: `${shiftOf(found) + 1}` }
    // Writing the same head raises the version. So changes of the head and touches that are on their way become conflicts.
    const { head, version } = found
    await from.write(id, { set, head, version, nextVersion: version + 1, expect: { key: LOCK, text: null } })
  }
  throw contended()
}

/** Moves a tombstone from before the migration. */
export async function moveTombstone({ to }: Move, tombstone: Tombstone): Promise<boolean> {
  const { id, endedAt, expiresAt, reason } = tombstone
  if (reason === MOVED || expiresAt <= endedAt) return false
  if (!(await to.create(toPlaceholder(tombstone)))) {
    const taken = await to.read(id)
    if (taken?.kind !== 'live' || !isMarked(taken)) return false
  }
  return (await to.end(id, tombstone)) !== null
}

/** Finds where the session is now. During a move, `to` counts as soon as it has the session. */
export async function find({ from, to }: Move, id: SessionId): Promise<Place> {
  const arrived = await to.read(id)
  if (arrived !== null && !isPlaceholder(arrived)) return { at: 'to', value: arrived }
  const left = await from.read(id)
  if (left === null) return { at: 'nowhere' }
  const isMoving = left.kind === 'live' ? isMarked(left) : left.reason === MOVED
  if (!isMoving) return { at: 'from', value: left }
  const late = await to.read(id)
  if (late !== null && !isPlaceholder(late)) return { at: 'to', value: late }
  // The session was moved, and has expired since.
  if (left.kind === 'ended') return { at: 'nowhere' }
  return { at: 'from', value: left }
}

function isPlaceholder(value: SessionRecord | Tombstone): boolean {
  return value.kind === 'live' && isMarked(value)
}

export function contended(): SessionError {
  return new SessionError('ERR_CONTENTION', 'moving: too many writers changed one session at once. Try again.')
}
