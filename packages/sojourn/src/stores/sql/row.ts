import { fromUtf8, toUtf8 } from '../../core/bytes.ts'
import { SessionError } from '../../core/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../../core/record.ts'
import { hashSecret } from '../../core/token.ts'
import type { Row } from './driver.ts'
import { fromStoredData, toAsciiJson, toStoredData, toStoredText, USER_KEY } from './stored-text.ts'

/** Ids as core makes them. Others are nowhere in the table, and no collation gets to see them. */
const ID = /^[\w-]{1,64}$/

export function isStorableId(id: string): boolean {
  return ID.test(id)
}

/** Any user id of a usual form. Short enough for an index anywhere, and of characters that no collation takes for others. */
const PLAIN_USER = /^[\x22-\x7e][\x21-\x7e]{0,127}$/

/** What the column `user_id` holds: the user id itself, or its hash. Then the user id stands in `data`. */
export function toUserColumn(userId: string): string {
  return PLAIN_USER.test(userId) ? userId : `!${hashSecret(toUtf8(userId))}`
}

export type Parameters = Readonly<Record<string, string | number | null>>

/** A record as the parameters of its insert. */
export function toParameters(record: SessionRecord): Parameters {
  const { id, userId, version, createdAt, lastSeenAt, expiresAt, head, data } = record
  const user = userId === null ? null : toUserColumn(userId)
  const isHashed = user !== userId
  return {
    id,
    user,
    version,
    created: createdAt,
    at: lastSeenAt,
    until: expiresAt,
    head: toAsciiJson(head),
    data: isHashed ? withUser(toStoredData(data), userId ?? '') : toStoredData(data),
  }
}

function withUser(json: string, userId: string): string {
  const entry = `${JSON.stringify(USER_KEY)}:${JSON.stringify(toStoredText(userId))}`
  return json === '{}' ? `{${entry}}` : `{${entry},${json.slice(1)}`
}

/** Throws `ERR_STORE`, without a word of what is stored, for a row that this version cannot read. */
export function fromRow(store: string, id: SessionId, row: Row): SessionRecord | Tombstone {
  try {
    return row.ended_at === null ? toRecord(id, row) : toTombstone(id, row)
  } catch {
    // What JSON.parse says about a text quotes it: that must reach no log, so it is no cause here.
    throw new SessionError('ERR_STORE', `${store}: a record is damaged, or was written by a later version.`)
  }
}

function toRecord(id: SessionId, row: Row): SessionRecord {
  const { data, userId } = fromStoredData(toText(row.data))
  return {
    kind: 'live',
    id,
    userId: userId ?? (row.user_id === null ? null : toText(row.user_id)),
    version: toNumber(row.version),
    createdAt: toNumber(row.created_at),
    lastSeenAt: toNumber(row.last_seen_at),
    expiresAt: toNumber(row.expires_at),
    head: JSON.parse(toText(row.head)),
    data,
  }
}

function toTombstone(id: SessionId, row: Row): Tombstone {
  const reason = JSON.parse(toText(row.head))
  return { kind: 'ended', id, reason, endedAt: toNumber(row.ended_at), expiresAt: toNumber(row.expires_at) }
}

/** Drivers give large integers as numbers, texts or bigints, as they are configured. */
function toNumber(value: unknown): number {
  const number = Number(value)
  if (value === null || Number.isNaN(number)) throw new TypeError('not a number')
  return number
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return fromUtf8(value)
  throw new TypeError('not a text')
}
