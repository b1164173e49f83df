import { SessionError } from '../../core/contracts/errors.ts'
import type { Head, SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { Change } from '../../core/contracts/store.ts'
import { define } from '../../core/data/texts.ts'
import { asHead } from '../kit/records.ts'

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

/** Converts a change to the arguments of the WRITE script, which documents each of them. */
export function toChangeArgs(change: Change, keepMs: string, indexedUntil: number | null): string[] {
  const { version, nextVersion, head, seen, expect, set = {}, remove = [] } = change
  const sets = Object.entries(set)
  const args = [
    version === undefined ? '' : String(version),
    head === undefined ? '' : toHeadText(head),
    nextVersion === undefined ? '' : String(nextVersion),
    seen === undefined ? '' : toTime(seen.at),
    seen === undefined ? '' : toTime(seen.expiresAt),
    keepMs,
    indexedUntil === null ? '' : toTime(indexedUntil),
    ...toExpected(expect),
    String(sets.length),
  ]
  for (const [key, text] of sets) args.push(toLine(key), toLine(text))
  for (const key of remove) args.push(toLine(key))
  return args
}

function toExpected(expect: Change['expect']): [how: string, key: string, text: string] {
  if (expect === undefined) return ['', '', '']
  return [expect.text === null ? 'absent' : 'text', toLine(expect.key), expect.text === null ? '' : toLine(expect.text)]
}

/**
 * Texts that heads begin with or share. Each is replaced by a control character, which JSON text never contains. Without this, a
 * third of a record consisted of these names (measured: each of 20 000 logins took 128 bytes more). The order is part of the
 * stored format: append only. To read a record by eye, put the right column in place of the left one.
 */
const PHRASES: readonly (readonly [short: string, long: string])[] = [
  ['\x01', '{"secret":"'],
  ['\x02', '","secretAt":'],
  ['\x03', '{"authenticatedAt":'],
  ['\x04', ',"device":{"name":"'],
  ['\x05', '","ip":"'],
  ['\x06', '"},"secret":"'],
  ['\x07', ',"secret":"'],
  ['\x08', ',"previous":[{"hash":"'],
  ['\x0e', ',"renewal":{"nonce":"'],
  ['\x0f', '","next":"'],
  ['\x10', '","until":'],
  ['\x11', ',"how":"renewed"}'],
  ['\x12', ',"how":"rotated"}'],
  ['\x13', ',"methods":["'],
  ['\x14', ',"assurance":"'],
  ['\x15', '"sealedKey":"'],
]

/** Replaces the time of the session's beginning, which a new head contains twice. */
const BEGINNING = '\x16'

/** By the code of the character. */
const LONG: readonly (string | undefined)[] = Array.from(
  { length: 0x20 },
  (_, code) => PHRASES.find(([short]) => short.charCodeAt(0) === code)?.[1],
)
const SHORT = new Map(PHRASES.map(([short, long]) => [long, short]))
const ANY_LONG = new RegExp(PHRASES.map(([, long]) => long.replace(/[[{]/g, '\\$&')).join('|'), 'g')

export function shorten(head: string, beginning?: number): string {
  const text = beginning === undefined ? head : head.replaceAll(String(beginning), BEGINNING)
  return text.replace(ANY_LONG, (long) => SHORT.get(long) ?? long)
}

/** A loop, because a regular expression with a function takes three times as long, and every read runs this. */
export function lengthen(short: string, beginning: number): string {
  let long = ''
  let from = 0
  for (let at = 0; at < short.length; at++) {
    const code = short.charCodeAt(at)
    if (code >= 0x20) continue
    const phrase = short[at] === BEGINNING ? String(beginning) : LONG[code]
    if (phrase === undefined) continue
    long += short.slice(from, at) + phrase
    from = at + 1
  }
  return from === 0 ? short : long + short.slice(from)
}
