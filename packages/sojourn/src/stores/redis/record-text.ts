import { SessionError } from '../../core/contracts/errors.ts'
import type { Head, SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import { define } from '../../core/data/texts.ts'
import { asHead } from '../kit/records.ts'
import { lengthen, shorten } from './head-text.ts'

/**
 * The stored form of a record, in lines, so that a script in the server can replace a key without decoding anything:
 *
 *     1L<created> <last seen> <expires> <indexed until> <version>
 *     <user id>
 *     <head: JSON, its names shortened>
 *     <key> TAB <text>            a line for each key
 *
 *     1E<ended> <expires>         a tombstone
 *     <reason>
 *
 * Line breaks and tabs appear nowhere else: a text with a control character is written as ESC and JSON.
 */
export const LIVE = '1L'
export const ENDED = '1E'

/** `indexedUntil`: how long the user's index certainly keeps this session, in seconds. `null` if it has no user. */
export function toRecordText(record: SessionRecord, indexedUntil: number | null): string {
  const { createdAt, lastSeenAt, userId, head, version } = record
  const seen = lastSeenAt === createdAt ? '' : toTime(lastSeenAt)
  const indexed = indexedUntil === null ? '' : toTime(indexedUntil)
  const expires = toLater(createdAt, record.expiresAt)
  let text = `${LIVE}${toTime(createdAt)} ${seen} ${expires} ${indexed} ${version}\n`
  text += `${userId === null ? '' : toLine(userId, true)}\n${toHeadText(head, createdAt)}`
  for (const [key, value] of Object.entries(record.data)) text += `\n${toLine(key)}\t${toLine(value)}`
  return text
}

export function toTombstoneText({ endedAt, expiresAt, reason }: Tombstone): string {
  return `${ENDED}${toTime(endedAt)} ${toTime(expiresAt)}\n${toLine(reason)}`
}

export function toHeadText(head: Head, createdAt?: number): string {
  return shorten(JSON.stringify(head), createdAt)
}

/** Milliseconds in base 36, which saves five characters each. Lua parses both forms to the same doubles as here. */
export function toTime(ms: number): string {
  return Number.isSafeInteger(ms) && ms >= 0 ? ms.toString(36) : `.${ms}`
}

/** A new record's expiry is written relative to its beginning, because the server only passes it on. */
function toLater(beginning: number, time: number): string {
  const ms = time - beginning
  return Number.isSafeInteger(ms) && ms >= 0 && Number.isSafeInteger(time) ? `+${toTime(ms)}` : toTime(time)
}

const ESC = '\x1b'

/** Control characters would break the lines, and UTF-8 cannot represent a lone surrogate. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
const UNFIT = /[\0-\x1f]|\p{Surrogate}/u

/**
 * The same text always yields the same line, so that the server can compare lines. Empty texts are escaped where an empty line
 * means "none".
 */
export function toLine(text: string, isEmptyNone = false): string {
  return UNFIT.test(text) || (isEmptyNone && text === '') ? ESC + JSON.stringify(text) : text
}

export function fromLine(line: string): string {
  return line.startsWith(ESC) ? String(JSON.parse(line.slice(1))) : line
}

/** Throws `ERR_RECORD_DAMAGED` if this version cannot read the text. The error quotes nothing of what is stored. */
export function fromText(id: SessionId, text: string): SessionRecord | Tombstone {
  try {
    if (text.startsWith(LIVE)) return toRecord(id, text)
    if (text.startsWith(ENDED)) return toTombstone(id, text)
  } catch {
    // The error of JSON.parse is dropped because it would quote the text in a log.
  }
  throw new SessionError('ERR_RECORD_DAMAGED', 'redis: a record is damaged, or was written by a later version.')
}

function toRecord(id: SessionId, text: string): SessionRecord {
  const userAt = endOfLine(text, 0) + 1
  const headAt = endOfLine(text, userAt) + 1
  const [created = '', seen, expires = '', , version] = text.slice(LIVE.length, userAt - 1).split(' ')
  const dataAt = text.indexOf('\n', headAt)
  const createdAt = fromTime(created)
  const user = text.slice(userAt, headAt - 1)
  const head = lengthen(dataAt < 0 ? text.slice(headAt) : text.slice(headAt, dataAt), createdAt)
  return {
    kind: 'live',
    id,
    userId: user === '' ? null : fromLine(user),
    version: toNumber(Number(version)),
    createdAt,
    lastSeenAt: seen === '' ? createdAt : fromTime(seen ?? ''),
    expiresAt: expires.startsWith('+') ? createdAt + fromTime(expires.slice(1)) : fromTime(expires),
    head: asHead(JSON.parse(head)),
    data: dataAt < 0 ? {} : toData(text, dataAt),
  }
}

function toData(text: string, start: number): Record<string, string> {
  const data: Record<string, string> = {}
  for (let at = start; at < text.length; ) {
    const tab = text.indexOf('\t', at)
    const next = text.indexOf('\n', at + 1)
    const end = next < 0 ? text.length : next
    if (tab < 0 || tab > end) throw new RangeError('a line without a key')
    define(data, fromLine(text.slice(at + 1, tab)), fromLine(text.slice(tab + 1, end)))
    at = end
  }
  return data
}

function toTombstone(id: SessionId, text: string): Tombstone {
  const line = endOfLine(text, 0)
  const [ended = '', expires = ''] = text.slice(ENDED.length, line).split(' ')
  return {
    kind: 'ended',
    id,
    reason: fromLine(text.slice(line + 1)),
    endedAt: fromTime(ended),
    expiresAt: fromTime(expires),
  }
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  if (end < 0) throw new RangeError('a line is missing')
  return end
}

function fromTime(text: string): number {
  return toNumber(text.startsWith('.') ? Number(text.slice(1)) : Number.parseInt(text, 36))
}

function toNumber(value: number): number {
  if (Number.isNaN(value)) throw new RangeError('no number')
  return value
}
