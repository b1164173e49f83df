import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { Change, MaybePromise, Written } from '../../core/contracts/store.ts'
import { orDamaged } from '../../core/request/end-session.ts'
import { assertStorable, isStorableId } from './ids.ts'
import { applyChange, asHead, type Listed } from './records.ts'

/**
 * What is stored for a session: the record, how long it is kept, and how long its entry in the user's list is kept, in ms of the
 * platform's clock. The times in records are the application's, so only the length of a lifetime is taken from them. A different
 * or wrong clock then deletes nothing early.
 */
export interface Kept {
  readonly value: SessionRecord | Tombstone
  readonly deleteAt: number
  readonly until: number
}

/** Throws `ERR_RECORD_DAMAGED` if the text is not ours. The error quotes nothing of what is stored. */
function parseKept(store: string, text: string): Kept {
  try {
    const kept = JSON.parse(text) as Kept
    if (kept.value.kind === 'live') asHead(kept.value.head)
    if (kept.value.kind === 'live' || kept.value.kind === 'ended') return kept
  } catch {
    // The error of JSON.parse is dropped because it quotes the text.
  }
  throw new SessionError('ERR_RECORD_DAMAGED', `${store}: a stored value is not a record of this store.`)
}

/** Nothing is deleted sooner: Workers KV accepts no shorter time, and core refuses expired records anyway. */
const LEAST_MS = 60_000

/** How much longer index entries are kept. A session in use moves its expiry every minute, but its entry once a day only. */
const ENTRY_MS = 24 * 60 * 60_000

export function lifeOf(value: SessionRecord | Tombstone): number {
  return atLeast(value.expiresAt - (value.kind === 'ended' ? value.endedAt : value.createdAt))
}

/** Returns until when to keep the index entry of a record that is deleted at `deleteAt`. */
export function entryUntil(deleteAt: number): number {
  return deleteAt + ENTRY_MS
}

function atLeast(ms: number): number {
  return Math.max(ms, LEAST_MS)
}

/** `keep`: `next` has to be stored, but first the entry in the list of `shortFor`, if there is one. */
export type Outcome = Written | { readonly status: 'keep'; readonly next: Kept; readonly shortFor: string | null }

/** Applies a change to what is kept, at the time `now` of the platform. */
export function changeKept(kept: Kept | null, change: Change, now: number): Outcome {
  if (kept === null) return { status: 'gone', tombstone: null }
  const { value, until } = kept
  if (value.kind === 'ended') return { status: 'gone', tombstone: value }
  const next = applyChange(value, change)
  if (next === null) return { status: 'conflict', record: value }
  if (next === value) return { status: 'written' }
  const { seen } = change
  const isMoved = seen !== undefined && next.expiresAt !== value.expiresAt
  const deleteAt = isMoved ? now + atLeast(seen.expiresAt - seen.at) : kept.deleteAt
  return { status: 'keep', next: { value: next, deleteAt, until }, shortFor: deleteAt > until ? value.userId : null }
}

/** What a service can do that reads and writes a session as one text. */
export interface TextService {
  /** The store's name, for messages. */
  readonly name: string
  read(id: SessionId): Promise<string | null>
  write(id: SessionId, text: string, deleteAt: number): Promise<void>
  /** Lists the session among the user's at least until `until`. */
  enter(userId: string, id: SessionId, until: number): Promise<void>
  leave(userId: string, id: SessionId): Promise<void>
}

/** The verbs of a store on such a service. A call reads and then writes, so only calls that take turns lose no change. */
export interface KeptRecords {
  read(id: SessionId): Promise<SessionRecord | Tombstone | null>
  create(record: SessionRecord): Promise<boolean>
  write(id: SessionId, change: Change): Promise<Written>
  end(id: SessionId, tombstone: Tombstone): Promise<Listed | null>
  /** As `read`, or a damaged record if it cannot be read. */
  look(id: SessionId): MaybePromise<SessionRecord | Tombstone | Listed | null>
}

export function keptRecords(service: TextService): KeptRecords {
  const { name } = service

  async function load(id: SessionId): Promise<Kept | null> {
    if (!isStorableId(id)) return null
    const text = await service.read(id)
    return text === null ? null : parseKept(name, text)
  }

  async function read(id: SessionId): Promise<SessionRecord | Tombstone | null> {
    return (await load(id))?.value ?? null
  }

  function keep(kept: Kept): Promise<void> {
    return service.write(kept.value.id, JSON.stringify(kept), kept.deleteAt)
  }

  return {
    read,
    look: (id) => orDamaged(id, () => read(id)),

    async create(record) {
      assertStorable(name, record)
      if ((await load(record.id)) !== null) return false
      const deleteAt = Date.now() + lifeOf(record)
      const until = entryUntil(deleteAt)
      // The list first, so that a revocation cannot miss a session that was acknowledged.
      if (record.userId !== null) await service.enter(record.userId, record.id, until)
      await keep({ value: record, deleteAt, until })
      return true
    },

    async write(id, change) {
      const outcome = changeKept(await load(id), change, Date.now())
      if (outcome.status !== 'keep') return outcome
      const { next, shortFor } = outcome
      const until = shortFor === null ? next.until : entryUntil(next.deleteAt)
      if (shortFor !== null) await service.enter(shortFor, id, until)
      await keep({ ...next, until })
      return { status: 'written' }
    },

    async end(id, tombstone) {
      const kept = await orDamaged(id, () => load(id))
      if (kept === null) return null
      const deleteAt = Date.now() + lifeOf(tombstone)
      if ('kind' in kept) {
        await keep({ value: { ...tombstone, id }, deleteAt, until: 0 })
        return kept
      }
      const { value, until } = kept
      if (value.kind === 'ended') return null
      await keep({ value: tombstone, deleteAt, until })
      // The session has ended, even if its entry stays. The entry expires by itself.
      if (value.userId !== null) await service.leave(value.userId, id).catch(() => undefined)
      return value
    },
  }
}

/**
 * The user id is hashed because names appear in dashboards and logs. UTF-8 maps all lone surrogates to the same bytes, so the
 * record decides whose session it is.
 */
export async function toUserKey(userId: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(userId))
  return Array.from(new Uint8Array(hash, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
