import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import { asHead, type Found, readable } from '../kit/records.ts'
import type { Item } from './calls.ts'

/*
 * One item for each session, and one for each entry of a user's list, in one table:
 *
 *     pk           sk    kind  user  version  created  seen  expires  head  data  edits  listed  ttl  mark
 *     s#<id>       s     live  ...   N        N        N     N        JSON  map   N      N       N    of the last write
 *     s#<id>       s     ended reason, ended, expires, ttl, mark
 *     u#<user>     <id>  ttl
 *
 * Times are ms since the epoch; `listed` and `ttl`, which DynamoDB itself looks at, are seconds.
 */

const RECORD_SORT_KEY = 's'

export function recordKey(id: SessionId): Item {
  return { pk: { S: `s#${id}` }, sk: { S: RECORD_SORT_KEY } }
}

/** Rounded up, because DynamoDB must never delete an item early. */
export function toSeconds(ms: number): number {
  return Math.ceil(ms / 1000)
}

/** `listed`: until when the user's list holds the record, in seconds. `null` for anonymous sessions. */
export function fromRecord(record: SessionRecord, listed: number | null): Item {
  return {
    ...recordKey(record.id),
    kind: { S: 'live' },
    ...(record.userId !== null && { user: { S: escaped(record.userId) } }),
    version: number(record.version),
    created: number(record.createdAt),
    seen: number(record.lastSeenAt),
    expires: number(record.expiresAt),
    head: { S: JSON.stringify(record.head) },
    data: fromData(record.data),
    edits: number(0),
    ...(listed !== null && { listed: number(listed) }),
    ttl: number(toSeconds(record.expiresAt)),
  }
}

export function fromTombstone({ id, reason, endedAt, expiresAt }: Tombstone): Item {
  return {
    ...recordKey(id),
    kind: { S: 'ended' },
    reason: { S: escaped(reason) },
    ended: number(endedAt),
    expires: number(expiresAt),
    ttl: number(toSeconds(expiresAt)),
  }
}

/** Throws `ERR_RECORD_DAMAGED` if this version cannot read the item. The error quotes nothing of what is stored. */
export function toValue(item: Item): SessionRecord | Tombstone {
  try {
    const id = idOf(item)
    const kind = textOf(item, 'kind')
    if (kind === 'live') return toRecord(id, item)
    if (kind === 'ended') return toTombstone(id, item)
  } catch {
    // The original error is dropped because it could quote the item in a log.
  }
  throw new SessionError('ERR_RECORD_DAMAGED', 'dynamodb: an item is damaged, or was written by a later version.')
}

/** As `toValue`, but returns a damaged record instead of throwing, so that it does not hide the others. */
export function toFound(item: Item): Found {
  return readable(idOf(item), () => toValue(item))
}

/** Every item has its key. */
function idOf(item: Item): SessionId {
  return textOf(item, 'pk').slice(2) as SessionId
}

function toRecord(id: SessionId, item: Item): SessionRecord {
  return {
    kind: 'live',
    id,
    userId: item.user === undefined ? null : unescaped(textOf(item, 'user')),
    version: numberOf(item, 'version'),
    createdAt: numberOf(item, 'created'),
    lastSeenAt: numberOf(item, 'seen'),
    expiresAt: numberOf(item, 'expires'),
    head: asHead(JSON.parse(textOf(item, 'head'))),
    data: toData(item.data?.M),
  }
}

function toTombstone(id: SessionId, item: Item): Tombstone {
  const reason = unescaped(textOf(item, 'reason'))
  return { kind: 'ended', id, reason, endedAt: numberOf(item, 'ended'), expiresAt: numberOf(item, 'expires') }
}

export function fromData(data: SessionRecord['data']): AttributeValue.MMember {
  return { M: Object.fromEntries(Object.entries(data).map(([key, text]) => [fromKey(key), fromText(text)])) }
}

function toData(map: Item | undefined): Record<string, string> {
  if (map === undefined) throw new TypeError('no data')
  return Object.fromEntries(Object.keys(map).map((name) => [unescaped(name.slice(1)), unescaped(textOf(map, name))]))
}

/** An attribute's name must not be empty. The prefix also keeps it from being `__proto__`. */
export function fromKey(key: string): string {
  return `_${escaped(key)}`
}

export function fromText(text: string): AttributeValue.SMember {
  return { S: escaped(text) }
}

/** Begins a text that DynamoDB cannot store unchanged. JSON never begins with it. */
const ESCAPE = '\u0001'
/** UTF-8 cannot represent a lone surrogate. */
const LONE_SURROGATE = /\p{Surrogate}/u

function escaped(text: string): string {
  return text.startsWith(ESCAPE) || LONE_SURROGATE.test(text) ? ESCAPE + JSON.stringify(text) : text
}

function unescaped(text: string): string {
  return text.startsWith(ESCAPE) ? String(JSON.parse(text.slice(1))) : text
}

export function number(value: number): AttributeValue.NMember {
  return { N: `${value}` }
}

export function numberOf(item: Item, name: string): number {
  const value = Number(item[name]?.N ?? Number.NaN)
  if (!Number.isFinite(value)) throw new TypeError('no number')
  return value
}

function textOf(item: Item, name: string): string {
  const value = item[name]?.S
  if (value === undefined) throw new TypeError('no text')
  return value
}
