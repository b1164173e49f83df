import { hash } from 'node:crypto'
import type { DamagedRecord, SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { ScanPage } from '../../core/contracts/store.ts'
import { type Found, isListed, type Listed, readable } from '../kit/records.ts'
import type { Environment } from './environment.ts'
import { fromText, indexedAtOf, toText } from './record-text.ts'

/** What a transaction works on: the record, and the time of its entry in the expiry index. */
export interface Stored {
  readonly value: SessionRecord | Tombstone
  readonly indexedAt: number
}

/**
 * Keeps the records and both indexes consistent. All methods except `read`, `list`, `scan` and `isDue` must be called inside a
 * write transaction.
 */
export interface Tables {
  read(id: SessionId): SessionRecord | Tombstone | null
  list(userId: string): Listed[]
  scan(cursor: string | null, limit: number): ScanPage
  /** Whether a sweep would find an entry to check. */
  isDue(now: number): boolean
  load(id: SessionId): Stored | null
  insert(record: SessionRecord): void
  replace(stored: Stored, next: SessionRecord | Tombstone): void
  /** Replaces a record that cannot be read by its tombstone. */
  putTombstone(tombstone: Tombstone): void
  /** Deletes up to `limit` expired records and returns their number. Does only a bounded part of the work. */
  sweepSome(now: number, limit: number): number
}

/** Entries of the expiry index that one transaction checks: a millisecond or two, during which no process can write. */
const SWEEP_ENTRIES = 100

/** Sorts after every id: base64url contains nothing after `z`. */
const AFTER_IDS = '~'

export function createTables({ records, users, expiry }: Environment): Tables {
  function load(id: SessionId): Stored | null {
    const text = records.get(id)
    return text === undefined ? null : { value: fromText(id, text), indexedAt: indexedAtOf(text) }
  }

  function read(id: SessionId): SessionRecord | Tombstone | null {
    const text = records.get(id)
    return text === undefined ? null : fromText(id, text)
  }

  function index(id: SessionId, expiresAt: number): void {
    expiry.put([expiresAt, id], '')
  }

  function move({ value, indexedAt }: Stored, next: SessionRecord | Tombstone, at: number): void {
    if (at !== indexedAt) {
      expiry.remove([indexedAt, value.id])
      index(value.id, at)
    }
    records.put(value.id, toText(next, at))
  }

  function leaveUser(value: SessionRecord | Tombstone): void {
    if (value.kind === 'live' && value.userId !== null) users.remove([toUserKey(value.userId), value.id])
  }

  /** Returns entries of the expiry index at or before `now`, earliest first. */
  function due(now: number, limit: number): [at: number, id: SessionId][] {
    return Array.from(expiry.getKeys({ end: [now, AFTER_IDS], limit }), ([at, id]) => [Number(at), id as SessionId])
  }

  function sweepOne(at: number, id: SessionId, now: number): boolean {
    const stored = readable(id, () => load(id))
    expiry.remove([at, id])
    if (stored === null) return false
    if (isReadable(stored)) {
      const { value } = stored
      if (value.expiresAt > now) {
        // The record was touched after it was indexed.
        move(stored, value, value.expiresAt)
        return false
      }
      leaveUser(value)
    }
    // A damaged record is deleted too. Otherwise no sweep would get past it.
    records.remove(id)
    return true
  }

  return {
    read,
    load,

    list(userId) {
      const key = toUserKey(userId)
      const found: Listed[] = []
      for (const [, id] of users.getKeys({ start: [key], end: [key, AFTER_IDS] })) {
        const record = readable(id as SessionId, () => read(id as SessionId))
        // The key has a shortened hash, in which all lone surrogates are the same, so the record itself shows whose it is.
        if (isListed(record, userId)) found.push(record)
      }
      return found
    },

    scan(cursor, limit) {
      const start = cursor === null ? {} : { start: cursor, exclusiveStart: true }
      const values = Array.from(records.getRange({ ...start, limit }), ({ key, value }): Found => {
        const id = key as SessionId
        return readable(id, () => fromText(id, value))
      })
      const next = values.length < limit ? null : (values.at(-1)?.id ?? null)
      const { entryCount } = records.getStats() as { entryCount: number }
      return { values, next, total: entryCount }
    },

    isDue: (now) => due(now, 1).length > 0,

    insert(record) {
      if (record.userId !== null) users.put([toUserKey(record.userId), record.id], '')
      index(record.id, record.expiresAt)
      records.put(record.id, toText(record, record.expiresAt))
    },

    replace(stored, next) {
      if (next.kind === 'ended') leaveUser(stored.value)
      // An entry that is too early costs the sweep one check and saves every touch a write. One that is too late would keep
      // expired records.
      move(stored, next, Math.min(stored.indexedAt, next.expiresAt))
    },

    putTombstone(tombstone) {
      // The old entries stay because nothing shows where they are. The sweep deletes the one in the expiry index, and the list
      // skips the other.
      index(tombstone.id, tombstone.expiresAt)
      records.put(tombstone.id, toText(tombstone, tombstone.expiresAt))
    },

    sweepSome(now, limit) {
      let deleted = 0
      for (const [at, id] of due(now, SWEEP_ENTRIES)) {
        if (deleted === limit) break
        if (sweepOne(at, id, now)) deleted++
      }
      return deleted
    },
  }
}

export function isReadable(stored: Stored | DamagedRecord): stored is Stored {
  return 'value' in stored
}

/** A hash, because LMDB limits the length of keys. */
function toUserKey(userId: string): string {
  return hash('sha256', userId, 'base64url').slice(0, 22)
}
