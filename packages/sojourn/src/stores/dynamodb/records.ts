import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { Change, Written } from '../../core/contracts/store.ts'
import { applyChange, isFresh, type Listed } from '../kit/records.ts'
import type { Calls, Item } from './calls.ts'
import { find, newMark, put, unknown, update } from './conditional.ts'
import { fromRecord, fromTombstone, numberOf, toFound, toSeconds, toValue } from './item.ts'
import { isEmptyChange, isLarge, toUpdate, type UpdateOptions } from './update.ts'
import { listedUntil, type Users } from './users.ts'

/** Each failed attempt means that another writer succeeded, so this many in a row are not a coincidence. */
const MAX_TRIES = 100

const WRITTEN: Written = { status: 'written' }

export async function create(calls: Calls, users: Users, record: SessionRecord): Promise<boolean> {
  const { id, userId, expiresAt } = record
  const listed = userId === null ? null : listedUntil(expiresAt)
  if (userId !== null && listed !== null) await users.add(userId, id, listed)
  const mark = newMark()
  const { refused } = await put(calls, id, mark, {
    Item: { ...fromRecord(record, listed), mark },
    ConditionExpression: 'attribute_not_exists(pk)',
  })
  if (refused === null || refused.isOwn) return true
  if (refused.isInDoubt) throw unknown()
  return false
}

export async function end(calls: Calls, users: Users, id: SessionId, tombstone: Tombstone): Promise<Listed | null> {
  const mark = newMark()
  const { before, refused } = await put(calls, id, mark, {
    Item: { ...fromTombstone(tombstone), mark },
    // A damaged item may lack its kind.
    ConditionExpression: 'attribute_exists(pk) AND (attribute_not_exists(kind) OR kind <> :ended)',
    ExpressionAttributeValues: { ':ended': { S: 'ended' } },
    ReturnValues: 'ALL_OLD',
  })
  // The session has ended, but the answer with its last state was lost and cannot be read again.
  if (refused?.isOwn === true) throw unknown()
  const record = before === undefined ? null : toFound(before)
  if (record === null || record.kind === 'ended') return null
  // The session has ended. An entry that stays costs the next list one read, until DynamoDB deletes it.
  if (record.kind === 'live' && record.userId !== null) await users.remove(record.userId, id).catch(() => undefined)
  return record
}

export async function write(calls: Calls, users: Users, id: SessionId, asked: Change): Promise<Written> {
  const mark = newMark()
  let change = asked
  // Usually one call is enough. An empty change, one with more keys than an expression can hold, and a failed condition need
  // more.
  let item = isEmptyChange(change) || isLarge(change) ? await find(calls, id) : undefined
  let isInDoubt = false
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    let extended: UpdateOptions = {}
    if (item !== undefined) {
      const value = item === null ? null : toValue(item)
      if (item === null || value === null) return { status: 'gone', tombstone: null }
      if (value.kind === 'ended') return { status: 'gone', tombstone: value }
      if (applyChange(value, change) === null) {
        if (isInDoubt) throw unknown()
        return { status: 'conflict', record: value }
      }
      change = withoutStaleTouch(value, change)
      if (isEmptyChange(change)) return WRITTEN
      extended = await extensionsOf(users, value, item, change)
    }
    const refused = await update(calls, id, mark, toUpdate(change, mark, extended), change.expect !== undefined)
    if (refused === null || refused.isOwn) return WRITTEN
    isInDoubt ||= refused.isInDoubt
    item = refused.item
  }
  throw new SessionError('ERR_STORE', 'dynamodb: too many writers changed one session at once. Try again.')
}

function withoutStaleTouch(record: SessionRecord, change: Change): Change {
  const { seen, ...rest } = change
  return seen !== undefined && !isFresh(record, change) ? rest : change
}

async function extensionsOf(users: Users, value: SessionRecord, item: Item, change: Change): Promise<UpdateOptions> {
  const listed = await relist(users, value, item, change)
  return {
    ...(listed !== null && { listed }),
    ...(isLarge(change) && { whole: { record: value, edits: numberOf(item, 'edits') } }),
  }
}

/** If a change lets the session live longer than its entry in the user's list, the entry is extended first. */
async function relist(users: Users, record: SessionRecord, item: Item, { seen }: Change): Promise<number | null> {
  if (seen === undefined || record.userId === null) return null
  if (numberOf(item, 'listed') >= toSeconds(seen.expiresAt)) return null
  const listed = listedUntil(seen.expiresAt)
  await users.add(record.userId, record.id, listed)
  return listed
}
