import { SessionError, type SessionErrorCode } from '../../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { Change, ScanPage, Written } from '../../core/contracts/store.ts'
import { damagedBy } from '../../core/request/end-session.ts'
import { toQuietCause } from '../kit/driver-errors.ts'
import { assertStorable } from '../kit/ids.ts'
import { type Found, isListed, type Listed, readable } from '../kit/records.ts'
import type { Link } from './link.ts'
import { fromLine, fromText, toChangeArgs, toRecordText, toTombstoneText } from './record-text.ts'
import { scanPage } from './scan.ts'
import * as scripts from './scripts.ts'
import { runScript } from './scripts.ts'
import { createUserIndex, type Entry } from './user-index.ts'

/** The methods of a store, over an open link. */
export interface Records {
  read(id: SessionId): Promise<SessionRecord | Tombstone | null>
  create(record: SessionRecord): Promise<boolean>
  write(id: SessionId, change: Change): Promise<Written>
  end(id: SessionId, tombstone: Tombstone): Promise<Listed | null>
  list(userId: string): Promise<Listed[]>
  scan(cursor: string | null, limit: number): Promise<ScanPage>
}

/** Records are kept longer than core asks for, because clocks differ by seconds and a slow request sends its touch late. */
const MARGIN_MS = 60_000

/** A hundred years, which every server can represent. */
const LONGEST_MS = 3_155_760_000_000

/** Records of a list that are read at once: few enough that other requests are served in between. */
const BATCH = 200

const WRITTEN: Written = { status: 'written' }

export function createRecords(link: Link, prefix: string): Records {
  const index = createUserIndex(link, prefix)
  const toKey = (id: SessionId): string => prefix + id

  /** Every request runs this, so it creates no more promises than needed. */
  function read(id: SessionId): Promise<SessionRecord | Tombstone | null> {
    const key = toKey(id)
    return link.send(['get', key], key).then((text) => (text === null ? null : parse(id, text)))
  }

  /**
   * If other software replaced the user's index, rebuilds it from all records and tries again. That reads every session, but
   * without it nobody could end the sessions of this user or log the user in.
   */
  async function mending<T>(userId: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!isWrongType(error)) throw error
      await rebuild(userId)
      return work()
    }
  }

  async function rebuild(userId: string): Promise<void> {
    const entries: Entry[] = []
    let cursor: string | null = null
    do {
      const page: ScanPage = await scan(cursor, BATCH)
      for (const found of page.values) {
        if (found.kind !== 'live' || found.userId !== userId) continue
        // At least as long as the entry was kept before, whatever the limits were.
        const until = toIndexed(found.createdAt, found.expiresAt)
        entries.push({ id: found.id, ms: toKeepMs(found.lastSeenAt, until * 1000) })
      }
      cursor = page.next
    } while (cursor !== null)
    await index.restore(userId, entries)
  }

  function enter(userId: string, id: SessionId, ms: number): Promise<void> {
    return mending(userId, () => index.enter(userId, id, ms))
  }

  /**
   * Writes the record and the user's index at the same time. A list may run in between, so it never removes an entry because its
   * record is missing.
   */
  async function create(record: SessionRecord): Promise<boolean> {
    assertStorable('redis', record)
    const { id, userId, createdAt, expiresAt } = record
    const before = link.resends()
    const until = toIndexed(createdAt, expiresAt)
    const text = toRecordText(record, userId === null ? null : until)
    const key = toKey(id)
    const set = link.send(['set', key, text, 'PX', String(toKeepMs(createdAt, expiresAt)), 'NX'], key)
    try {
      if (userId !== null) await both(set, enter(userId, id, toKeepMs(createdAt, until * 1000)))
      if ((await set) !== null) return true
    } catch (error) {
      runScript(link, scripts.undo, key, [text]).catch(() => undefined)
      throw error
    }
    // The record under this id may be from the first copy of this command: no other record has this secret.
    return link.resends() !== before && (await link.send(['get', key], key)) === text
  }

  async function write(id: SessionId, change: Change): Promise<Written> {
    const { seen } = change
    const before = link.resends()
    const run = (indexed: number | null): Promise<unknown> => {
      const keep = seen === undefined ? '' : String(toKeepMs(seen.at, seen.expiresAt))
      return runScript(link, scripts.write, toKey(id), toChangeArgs(change, keep, indexed))
    }
    const answer = toAnswer(await run(null))
    const toResult = (last: Answer): Written => toWritten(id, last, link.resends() === before ? null : change)
    if (answer.kind !== INDEX_FIRST || seen === undefined) return toResult(answer)
    // The index before the record. In the other order a list could miss the record if this process died in between.
    const until = toIndexed(seen.at, seen.expiresAt)
    await enter(fromLine(answer.text ?? ''), id, toKeepMs(seen.at, until * 1000))
    return toResult(toAnswer(await run(until)))
  }

  async function end(id: SessionId, tombstone: Tombstone): Promise<Listed | null> {
    const mine = toTombstoneText(tombstone)
    const before = link.resends()
    const keepMs = String(toKeepMs(tombstone.endedAt, tombstone.expiresAt))
    const text = await runScript(link, scripts.end, toKey(id), [mine, keepMs])
    if (typeof text !== 'string') {
      // The first copy of this command may have ended the session, and its answer had the record.
      const isMaybeMine = text === null || (Array.isArray(text) && text[0] === mine)
      if (isMaybeMine && link.resends() !== before) throw unknown()
      return null
    }
    const record = readable(id, () => toLive(parse(id, text)))
    if (record.kind === 'live' && record.userId !== null) index.forget(record.userId, [id])
    return record
  }

  /** As `read`, for many at once. A damaged record must not hide the others. */
  async function look(id: SessionId): Promise<Found | null> {
    try {
      return await read(id)
    } catch (error) {
      return damagedBy(id, toStoreError('read', error))
    }
  }

  async function list(userId: string): Promise<Listed[]> {
    const ids = await mending(userId, () => index.ids(userId))
    const mine: Listed[] = []
    for (let from = 0; from < ids.length; from += BATCH) {
      const dead: SessionId[] = []
      for (const found of await Promise.all(ids.slice(from, from + BATCH).map(look))) {
        if (found?.kind === 'ended') dead.push(found.id)
        else if (isListed(found, userId)) mine.push(found)
      }
      // Only entries of ended sessions: a missing record may be about to be created.
      if (dead.length > 0) index.forget(userId, dead)
    }
    return mine
  }

  const scan = (cursor: string | null, limit: number): Promise<ScanPage> => scanPage(link, prefix, look, cursor, limit)

  return { read, create, write, end, list, scan }
}

function isWrongType(error: unknown): boolean {
  return error instanceof Error && /\bWRONGTYPE\b/.test(error.message)
}

function toKeepMs(from: number, until: number): number {
  return Math.ceil(Math.min(Math.max(until - from, 0), LONGEST_MS) + MARGIN_MS)
}

/** In seconds. Twice the remaining time of the session, so that only one touch per idle limit has to update the index first. */
function toIndexed(from: number, until: number): number {
  return Math.ceil((Math.max(from, until) + Math.max(until - from, MARGIN_MS)) / 1000)
}

/** Waits for both even if one fails, because what undoes them must be sent after both. Throws the first one's error. */
async function both(first: Promise<unknown>, second: Promise<unknown>): Promise<void> {
  await Promise.allSettled([first, second])
  await first
  await second
}

const DONE = 0
const GONE = 1
const CONFLICT = 2
const INDEX_FIRST = 3

interface Answer {
  readonly kind: number
  readonly text: string | null
}

function toAnswer(reply: unknown): Answer {
  if (Number(reply) === DONE) return { kind: DONE, text: null }
  if (!Array.isArray(reply)) throw new SessionError('ERR_STORE', 'redis: the answer is not that of the script.')
  return { kind: Number(reply[0]), text: reply.length > 1 ? String(reply[1]) : null }
}

/** `resent`: the change, if it may have been sent twice. A conflict may then be with its own first copy. */
function toWritten(id: SessionId, { kind, text }: Answer, resent: Change | null): Written {
  if (kind === DONE) return WRITTEN
  if (kind === GONE) return { status: 'gone', tombstone: text === null ? null : toEnded(parse(id, text)) }
  if (kind !== CONFLICT) throw new SessionError('ERR_STORE', 'redis: the answer is not that of the script.')
  const record = toLive(parse(id, text))
  if (resent === null) return { status: 'conflict', record }
  if (isResultOf(resent, record)) return WRITTEN
  // A conflict with its own first copy would make the caller apply an update twice.
  throw unknown()
}

/** Only one change can write this head, because its secret or its nonce is random. Any change may write an expected text. */
function isResultOf({ nextVersion, head, expect, set = {}, remove = [] }: Change, record: SessionRecord): boolean {
  if (head === undefined || nextVersion === undefined || expect !== undefined) return false
  const isSet = ([key, text]: [string, string]): boolean => record.data[key] === text
  return (
    record.version === nextVersion &&
    JSON.stringify(record.head) === JSON.stringify(head) &&
    Object.entries(set).every(isSet) &&
    remove.every((key) => !Object.hasOwn(record.data, key))
  )
}

function parse(id: SessionId, text: unknown): SessionRecord | Tombstone {
  return fromText(id, typeof text === 'string' ? text : '')
}

function toLive(value: SessionRecord | Tombstone): SessionRecord {
  if (value.kind === 'ended')
    throw new SessionError('ERR_STORE', 'redis: the script returned a tombstone in place of a record.')
  return value
}

function toEnded(value: SessionRecord | Tombstone): Tombstone {
  if (value.kind === 'live')
    throw new SessionError('ERR_STORE', 'redis: the script returned a record in place of a tombstone.')
  return value
}

function unknown(): SessionError {
  return new SessionError('ERR_STORE', 'redis: the connection broke, so the change may or may not have been made.')
}

/** The message of our scripts for a record that they cannot read, and of Redis for a key that holds something else. */
const DAMAGED = /\bthe record is (?:damaged|of a later version)|^(?:ERR Error running script.*)?\bWRONGTYPE\b/

/**
 * The message of Redis for a value larger than `proto-max-bulk-len`, 512 MB by default, and of Node.js for a text that is too
 * long.
 */
const TOO_LARGE = /invalid bulk length|string exceeds maximum allowed size|^Invalid string length$/

/** Redis 6.2 puts a sentence of its own before the error of a script. */
const FULL = /^(?:ERR Error running script .* -)?OOM /

/**
 * Converts a client's error to a `SessionError`. Returns a `SessionError` unchanged. Clients attach the whole command to their
 * errors, so that is dropped.
 */
export function toStoreError(operation: string, error: unknown): SessionError {
  if (error instanceof SessionError) return error
  const cause = toQuietCause(error)
  return new SessionError(codeOf(cause.message), `redis: ${operation} failed.`, cause)
}

function codeOf(text: string): SessionErrorCode {
  if (FULL.test(text)) return 'ERR_STORE_FULL'
  if (DAMAGED.test(text)) return 'ERR_RECORD_DAMAGED'
  return TOO_LARGE.test(text) ? 'ERR_DATA_TOO_LARGE' : 'ERR_STORE'
}
