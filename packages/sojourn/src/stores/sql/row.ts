import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import { fromUtf8, toUtf8 } from '../../core/lib/bytes.ts'
import { hashSecret } from '../../core/token/token.ts'
import { asHead } from '../kit/records.ts'
import type { Row } from './driver.ts'
import { fromStoredData, toAsciiJson, toStoredData, toStoredText, USER_KEY } from './stored-text.ts'

/** A user id of a usual form: short enough for an index anywhere, and of characters that no collation treats as equal. */
const PLAIN_USER = /^[\x22-\x7e][\x21-\x7e]{0,127}$/

/** Returns the value of the column `user_id`: the user id itself, or its hash. With a hash, the user id is in `data`. */
export function toUserColumn(userId: string): string {
  return PLAIN_USER.test(userId) ? userId : `!${hashSecret(toUtf8(userId))}`
}

export type Parameters = Readonly<Record<string, string | number | null>>

/** Converts a record to the parameters of its insert. */
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

/** The columns of every select, in the order of a row. `data` follows, in the dialect's own form. */
export const COLUMNS = 'id, user_id, version, created_at, last_seen_at, expires_at, ended_at, head'

/** Throws `ERR_RECORD_DAMAGED` if this version cannot read the row. The error quotes nothing of what is stored. */
export function fromRow(store: string, row: Row): SessionRecord | Tombstone {
  try {
    return row[6] === null ? toRecord(row) : toTombstone(row)
  } catch {
    // The error of JSON.parse is dropped because it would quote the text in a log.
    throw new SessionError('ERR_RECORD_DAMAGED', `${store}: a row is damaged, or was written by a later version.`)
  }
}

function toRecord([id, user, version, created, seen, expires, , head, json]: Row): SessionRecord {
  const { data, userId } = fromStoredData(toText(json))
  return {
    kind: 'live',
    id: toText(id) as SessionId,
    userId: userId ?? (user === null ? null : toText(user)),
    version: toNumber(version),
    createdAt: toNumber(created),
    lastSeenAt: toNumber(seen),
    expiresAt: toNumber(expires),
    head: asHead(JSON.parse(toText(head))),
    data,
  }
}

function toTombstone([id, , , , , expires, ended, head]: Row): Tombstone {
  return {
    kind: 'ended',
    id: toText(id) as SessionId,
    reason: JSON.parse(toText(head)),
    endedAt: toNumber(ended),
    expiresAt: toNumber(expires),
  }
}

/** Drivers return large integers as numbers, texts or bigints, depending on their configuration. */
function toNumber(value: unknown): number {
  const number = Number(value)
  if (value === null || !Number.isFinite(number)) throw new TypeError('not a number')
  return number
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return fromUtf8(value)
  throw new TypeError('not a text')
}
