import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { Store } from '../../core/contracts/store.ts'
import { orDamaged } from '../../core/request/damaged.ts'
import type { Listed } from '../listed.ts'
import { isMarked, LOCK, MOVED, SHIFT, shiftOf, toMoved, toPlaceholder, unmarked } from './marks.ts'

/** The store that is left, and the one that is moved to. */
export interface Move {
  readonly from: Store
  readonly to: Store
}

/** Where a session is; `value` as `from` or `to` holds it, marks and all. */
export type Place =
  | { readonly at: 'nowhere' }
  | { readonly at: 'to'; readonly value: SessionRecord | Tombstone }
  | { readonly at: 'from'; readonly value: SessionRecord | Tombstone }

/**
 * One session is moved in four steps, each of which can be the last one that a process lives to make, and any process can make the next:
 *
 * 1. lock it in `from`: one conditional write, after which nothing but an end can change it there;
 * 2. read it, as it will stay;
 * 3. create it in `to`: from now on `to` alone says what it is;
 * 4. end it in `from`.
 *
 * What is in `to` holds, whatever `from` says. A late third step changes nothing, for the id is taken, by a tombstone if need be.
 */
export async function moveOne(move: Move, id: SessionId): Promise<boolean> {
  const record = await freeze(move, id)
  if (record === null) return false
  const isCreated = await move.to.create(unmarked(record))
  await move.from.end(id, toMoved(record))
  return isCreated
}

/** As `moveOne`, for a session that ends: the tombstone stands in `to` before `from` lets go, and in both when this resolves. */
export async function moveEnded(move: Move, id: SessionId, tombstone: Tombstone): Promise<Listed | null> {
  const record = await freeze(move, id)
  if (record === null) return null
  await move.to.create(unmarked(record))
  const last = await move.to.end(id, tombstone)
  await move.from.end(id, tombstone)
  return last
}

/** Ends one that cannot be read, in either store. The tombstone stands in `to`, which holds, before `from` lets go. */
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

/** Each failed try means that another writer got through, so this many in a row is no accident. */
export const MAX_TRIES = 100

/** The record in `from`, locked: it stays as it is. `null` when there is no live one (any more). */
async function freeze({ from }: Move, id: SessionId): Promise<SessionRecord | null> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const found = await from.read(id)
    if (found?.kind !== 'live') return null
    if (isMarked(found)) return found
    const set = { [LOCK]: '1', [SHIFT]: `${shiftOf(found) + 1}` }
    // The head as it is: writing it raises the version, and that stops the heads and touches that are on their way.
    const { head, version } = found
    await from.write(id, { set, head, version, nextVersion: version + 1, expect: { key: LOCK, text: null } })
  }
  throw contended()
}

/** A tombstone of before the move. */
export async function moveTombstone({ to }: Move, tombstone: Tombstone): Promise<boolean> {
  const { id, endedAt, expiresAt, reason } = tombstone
  if (reason === MOVED || expiresAt <= endedAt) return false
  if (!(await to.create(toPlaceholder(tombstone)))) {
    const taken = await to.read(id)
    if (taken?.kind !== 'live' || !isMarked(taken)) return false
  }
  return (await to.end(id, tombstone)) !== null
}

/** Where the session is now. Of a move under way, `to` is right as soon as it has the session. */
export async function find({ from, to }: Move, id: SessionId): Promise<Place> {
  const arrived = await to.read(id)
  if (arrived !== null && !isPlaceholder(arrived)) return { at: 'to', value: arrived }
  const left = await from.read(id)
  if (left === null) return { at: 'nowhere' }
  const isMoving = left.kind === 'live' ? isMarked(left) : left.reason === MOVED
  if (!isMoving) return { at: 'from', value: left }
  const late = await to.read(id)
  if (late !== null && !isPlaceholder(late)) return { at: 'to', value: late }
  // It was moved, and has expired since.
  if (left.kind === 'ended') return { at: 'nowhere' }
  return { at: 'from', value: left }
}

function isPlaceholder(value: SessionRecord | Tombstone): boolean {
  return value.kind === 'live' && isMarked(value)
}

export function contended(): SessionError {
  return new SessionError('ERR_CONTENTION', 'moving: it is one session that they changed.')
}
